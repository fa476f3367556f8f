// A mail server on a free port of loopback. It is told on its command line, as JSON, what to be like, and prints a line of JSON for all that happens.
// What it says to a message depends on its recipient: refusedCODE@, dropped@ (the first time), scanned@.
const { SMTPServer } = require('smtp-server');
const { simpleParser } = require('mailparser');

const { key, cert, user, password, disabled } = JSON.parse(process.argv[2]);
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);
const refusal = (code, text) => Object.assign(new Error(text), { responseCode: code });
const dropped = new Set();

const server = new SMTPServer({
  key, cert,
  disabledCommands: disabled ?? [],
  authOptional: !user,
  onAuth(auth, session, done) {
    say({ auth: { user: auth.username, secure: session.secure } });
    if (auth.username === user && auth.password === password) done(null, { user });
    else done(refusal(535, 'Authentication failed'));
  },
  onRcptTo(address, session, done) {
    const [, code] = /^refused(\d+)@/.exec(address.address) ?? [];
    done(code ? refusal(Number(code), 'Not this mailbox') : null);
  },
  onData(stream, session, done) {
    const to = session.envelope.rcptTo[0].address;
    const chunks = [];
    stream.on('data', (chunk) => chunks.push(chunk));
    stream.on('end', async () => {
      const raw = Buffer.concat(chunks);
      const mail = await simpleParser(raw, { skipHtmlToText: true, skipTextToHtml: true, skipImageLinks: true });
      say({
        mail: {
          to: session.envelope.rcptTo.map((one) => one.address), secure: session.secure, raw: raw.toString('latin1'),
          headers: mail.headerLines.map((one) => one.line), subject: mail.subject, from: mail.from.text, date: mail.date, text: mail.text, html: mail.html,
        },
      });
      if (to.startsWith('dropped@') && !dropped.has(to)) {
        dropped.add(to);
        connections.forEach((socket) => socket.destroy());
      } else if (to.startsWith('scanned@')) done(refusal(554, `Refused for what it says: ${mail.text}`));
      else done();
    });
  },
});

const connections = new Set();
server.server.on('connection', (socket) => {
  connections.add(socket);
  socket.on('close', () => connections.delete(socket));
});
server.on('error', () => {}); // a client that leaves is no fault of the server's
server.listen(0, '127.0.0.1', () => say({ port: server.server.address().port }));
process.stdin.on('end', () => process.exit()).resume(); // ends with who started it
