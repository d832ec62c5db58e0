// An SMSC on the npm package "smpp", by which the transport is judged. It listens on a free port of loopback and writes
// one line of JSON for each thing that happens. The account comes by the environment.
'use strict';

const smpp = require('smpp');

const tell = (event, details) => process.stdout.write(JSON.stringify({ event, ...details }) + '\n');

let taken = 0;

// A number that ends in 404 is nobody's. One that ends in 1 is told of before the answer, others after it; receipts come
// as a text, or as parameters for one that ends in 2.
function submit(session, pdu) {
  const content = pdu.short_message.message || (pdu.message_payload || {}).message || '';
  const concatenation = (pdu.short_message.udh || []).map((element) => [...element]);
  tell('submit_sm', {
    source: [pdu.source_addr_ton, pdu.source_addr_npi, pdu.source_addr],
    dest: [pdu.dest_addr_ton, pdu.dest_addr_npi, pdu.destination_addr],
    coding: pdu.data_coding,
    text: content,
    udh: concatenation,
    payload: pdu.message_payload !== undefined,
    registered: pdu.registered_delivery,
    validity: pdu.validity_period ? Math.round((pdu.validity_period - Date.now()) / 1000) : 0,
  });
  const to = pdu.destination_addr;
  if (to.endsWith('404')) {
    session.send(pdu.response({ command_status: smpp.ESME_RINVDSTADR }));
    return;
  }
  const id = 'N' + String(++taken).padStart(9, '0');
  const answer = () => session.send(pdu.response({ message_id: id }));
  const report = () => {
    if (pdu.registered_delivery) receipt(session, id, to.endsWith('2'));
  };
  if (to.endsWith('1')) {
    report();
    answer();
  } else {
    answer();
    report();
  }
}

function receipt(session, id, parameters) {
  const message = { esm_class: smpp.ESM_CLASS.MC_DELIVERY_RECEIPT };
  if (parameters) {
    message.receipted_message_id = id;
    message.message_state = smpp.MESSAGE_STATE.UNDELIVERABLE;
  } else {
    message.short_message = `id:${id} sub:001 dlvrd:001 submit date:2611210930 done date:2611210931 stat:DELIVRD err:000 text:Your`;
  }
  session.deliver_sm(message, (response) => tell('deliver_sm_resp', { status: response.command_status }));
}

const server = smpp.createServer((session) => {
  session.on('error', (error) => tell('error', { text: String(error) }));
  session.on('close', () => tell('close', {}));
  session.on('bind_transceiver', (pdu) => {
    const known = pdu.system_id === process.env.SMSC_SYSTEM && pdu.password === process.env.SMSC_PASSWORD;
    tell('bind_transceiver', { version: pdu.interface_version, type: pdu.system_type, known });
    session.send(pdu.response(known ? { system_id: 'oracle' } : { command_status: smpp.ESME_RINVPASWD }));
    if (known) session.enquire_link({}, (response) => tell('enquire_link_resp', { status: response.command_status }));
  });
  session.on('submit_sm', (pdu) => submit(session, pdu));
  session.on('enquire_link', (pdu) => {
    tell('enquire_link', {});
    session.send(pdu.response());
  });
  session.on('unbind', (pdu) => {
    tell('unbind', {});
    session.send(pdu.response(), () => session.close());
  });
});

server.listen(0, '127.0.0.1', () => tell('listening', { port: server.address().port }));
process.stdin.on('end', () => process.exit(0)).resume(); // the test has gone
