// Appends through emmett's PostgreSQL event store, the way its documentation shows it: one store with one connection pool, one stream for each
// writer, the expected version passed with each append.
//   node appends.js CONNECTION-STRING WRITERS EVENTS SECONDS
// prints the events per second as its last line.
import { getPostgreSQLEventStore } from '@event-driven-io/emmett-postgresql';

const [connectionString, writers, events, seconds] = [process.argv[2], ...process.argv.slice(3).map(Number)];
if (!connectionString || !(writers > 0) || !(events > 0) || !(seconds > 0)) {
  console.error('usage: node appends.js CONNECTION-STRING WRITERS EVENTS SECONDS');
  process.exit(2);
}

const store = getPostgreSQLEventStore(connectionString);
await store.schema.migrate();

const note = 'x'.repeat(100);
const run = `${Date.now()}`;
const append = async (writer, version, number) => {
  const batch = Array.from({ length: events }, () => ({
    type: 'order.placed',
    data: { number, customerId: `customer-${number % 1000}`, currency: 'EUR', amount: 12.5, note },
  }));
  const result = await store.appendToStream(`order-${run}-${writer}`, batch, {
    expectedStreamVersion: version === 0n ? 'STREAM_DOES_NOT_EXIST' : version,
  });
  return result.nextExpectedStreamVersion;
};

const started = performance.now();
const deadline = started + seconds * 1000;
let appended = 0;
await Promise.all(Array.from({ length: writers }, async (_, writer) => {
  let version = 0n;
  for (let turn = 0; performance.now() < deadline; turn++) {
    version = await append(writer, version, turn);
    appended += events;
  }
}));
const elapsed = (performance.now() - started) / 1000;
await store.close();
console.log(Math.round(appended / elapsed));
