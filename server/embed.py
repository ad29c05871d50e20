"""Turn a text file into a C string.   embed.py in.sql NAME out.c"""
import sys

source, name, target = sys.argv[1:]
with open(source, "rb") as f:
    text = f.read()
with open(target, "w", encoding="ascii") as f:
    f.write("extern const char %s[];\nconst char %s[] = {\n" % (name, name))
    for i in range(0, len(text), 24):
        f.write(",".join(str(b) for b in text[i:i + 24]) + ",\n")
    f.write("0 };\n")
