// Says whether a delivery, read as JSON from standard input, is one that the published verifier takes.
const { Webhook } = require('standardwebhooks');

let text = '';
process.stdin.on('data', (chunk) => { text += chunk; }).on('end', () => {
  const { secret, headers, body } = JSON.parse(text);
  try {
    new Webhook(secret).verify(body, headers);
    process.stdout.write('verified');
  } catch (error) {
    process.stdout.write(error.message);
  }
});
