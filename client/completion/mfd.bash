# bash completion for mfd(1). Names come from `mfd help --list`, so that they are never out of step;
# models, tracks and metadata columns come from the server where it answers at once.

# _mfd_ask COMMAND [OPTIONS]: first column of its answer, from the server (and the model) that options
# before the cursor name.
_mfd_ask()
{
    local i j value
    local -a given=()
    for ((i = 1; i < COMP_CWORD - 1; i++)); do
        case ${COMP_WORDS[i]} in
        --server | -S | --key | -K | --cacert) ;;
        --model | -m) [[ $1 == models ]] && continue ;;
        *) continue ;;
        esac
        # bash cuts `--server=http://host:80` at '=' and ':'; both belong to words here
        value=${COMP_WORDS[i + 1]} j=$((i + 2))
        [[ $value == = ]] && value=${COMP_WORDS[j]} && j=$((j + 1))
        while [[ ${COMP_WORDS[j]-} == : ]]; do
            value+=:${COMP_WORDS[j + 1]}
            j=$((j + 2))
        done
        given+=("${COMP_WORDS[i]}" "$value")
    done
    timeout 1 "${COMP_WORDS[0]}" "$@" "${given[@]}" --format tsv --no-header --quiet --retries 0 \
        2>/dev/null | cut -f 1
}

_mfd()
{
    local cur prev word name value command='' list choices=''
    COMPREPLY=()
    cur=${COMP_WORDS[COMP_CWORD]}
    prev=${COMP_WORDS[COMP_CWORD - 1]}
    if [[ $cur == = ]]; then
        cur=''
    elif [[ $prev == = ]]; then
        prev=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    list=$("${COMP_WORDS[0]}" help --list 2>/dev/null) || return
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        [[ -n $word && $word != -* ]] || continue
        if cut -f 1 <<<"$list" | grep -qxF -- "$word"; then
            command=$word
            break
        fi
    done
    [[ -n $command ]] && list=$("${COMP_WORDS[0]}" help --list "$command" 2>/dev/null)

    [[ $prev == -f ]] && prev=--format
    while IFS=$'\t' read -r name value; do
        [[ $name == "$prev=" ]] && choices=$value
    done <<<"$list"
    if [[ -n $choices ]]; then
        mapfile -t COMPREPLY < <(compgen -W "${choices//|/ }" -- "$cur")
        return
    fi
    case $prev in
    --model | -m)
        mapfile -t COMPREPLY < <(compgen -W "$(_mfd_ask models)" -- "$cur")
        return
        ;;
    --tracks | -t | --like)
        mapfile -t COMPREPLY < <(compgen -W "$(_mfd_ask tracks --columns id)" -- "$cur")
        return
        ;;
    --columns | --count-by | --over)
        mapfile -t COMPREPLY < <(compgen -W "$(_mfd_ask fields)" -- "$cur")
        return
        ;;
    --where | -w | --set | --a | --b | --given)
        compopt -o nospace
        mapfile -t COMPREPLY < <(compgen -S = -W "$(_mfd_ask fields)" -- "$cur")
        return
        ;;
    --cacert | --fasta | --bed | --vcf | --output | -o | --plot)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    esac
    if [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(sed -n 's/^\(--[a-z-]*=\{0,1\}\).*/\1/p' <<<"$list")" \
            -- "$cur")
        [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace
    elif [[ -z $command ]]; then
        mapfile -t COMPREPLY < <(compgen -W "help $(grep -v '^-' <<<"$list" | cut -f 1)" -- "$cur")
    elif [[ $command == models || $command == card ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_mfd_ask models)" -- "$cur")
    elif [[ $command == fields ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_mfd_ask fields)" -- "$cur")
    elif [[ $command == tracks ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_mfd_ask tracks --columns id)" -- "$cur")
    elif [[ $command == score ]]; then
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
    fi
} &&
    complete -F _mfd mfd
