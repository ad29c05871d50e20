// A client written with what Node brings: fetch, streams and typed arrays. Run by test_node.py:
//   node client.mjs BASE < {"windows": [...], "md5": "..."}      prints what it got as JSON
import { text } from 'node:stream/consumers';

const base = process.argv[2];
const { windows, md5 } = JSON.parse(await text(process.stdin));
const post = (path, body, headers = {}) =>
  fetch(base + path, { method: 'POST', body, headers: { 'Content-Type': 'application/json', ...headers } });

async function predict() {
  const answer = await post('/api/v1/predict', JSON.stringify({ sequences: windows, scale: 'logit' }));
  return (await answer.json()).results.map((result) => result.values.total);
}

// lines as they come, however they are cut into pieces
async function stream() {
  const answer = await post('/api/v1/predict', JSON.stringify({ sequences: windows, scale: 'logit' }),
    { Accept: 'application/x-ndjson' });
  const lines = [];
  let rest = '';
  for await (const piece of answer.body.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + piece).split('\n');
    rest = parts.pop();
    lines.push(...parts.map((line) => JSON.parse(line)));
  }
  return lines.filter((line) => line.values).map((line) => line.values.total);
}

// Open Inference Protocol with binary tensors in and out
async function infer() {
  const elements = windows.map((window) => {
    const bytes = Buffer.from(window, 'ascii'), size = Buffer.alloc(4);
    size.writeUInt32LE(bytes.length);
    return Buffer.concat([size, bytes]);
  });
  const tensor = Buffer.concat(elements);
  const head = Buffer.from(JSON.stringify({
    inputs: [{ name: 'sequence', datatype: 'BYTES', shape: [windows.length], parameters: { binary_data_size: tensor.length } }],
    outputs: [{ name: 'logits', parameters: { binary_data: true } }],
  }));
  const answer = await post('/v2/models/tiny/infer', Buffer.concat([head, tensor]),
    { 'Content-Type': 'application/octet-stream', 'Inference-Header-Content-Length': String(head.length) });
  const bytes = await answer.arrayBuffer();
  const n = Number(answer.headers.get('inference-header-content-length'));
  const [output] = JSON.parse(Buffer.from(bytes.slice(0, n)).toString()).outputs;
  const values = new Float32Array(bytes.slice(n, n + output.parameters.binary_data_size));
  const tracks = output.shape[1];
  return windows.map((_, i) => Array.from(values.slice(i * tracks, (i + 1) * tracks)));
}

async function refget() {
  const whole = await fetch(`${base}/sequence/${md5}?start=10&end=20`);
  const part = await fetch(`${base}/sequence/${md5}`, { headers: { Range: 'bytes=10-19' } });
  return [whole.status, await whole.text(), part.status, await part.text()];
}

async function refusal() {
  const answer = await post('/api/v1/predict', '{"sequences": [');
  return [answer.status, (await answer.json()).type];
}

// headers of a page of another origin
async function cors() {
  const answer = await fetch(base + '/api/v1/models', { headers: { Origin: 'https://lab.example' } });
  return answer.headers.get('access-control-allow-origin');
}

console.log(JSON.stringify({
  predict: await predict(), stream: await stream(), infer: await infer(), refget: await refget(), refusal: await refusal(),
  cors: await cors(),
}));
