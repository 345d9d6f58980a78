// MQTT.js against one listener: node mqttjs.mjs URL PROTOCOL_VERSION [CA_FILE]
// Prints one line per scenario and ends with 0 when all went well.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const mqtt = createRequire(`${process.env.PEAL_NPM}/`)('mqtt')
const [url, version, caFile] = process.argv.slice(2)
const protocolVersion = Number(version)
const isFive = protocolVersion === 5
const prefix = `mqttjs/${new URL(url).protocol}${version}`
const WAIT_MS = 10_000

/** What every connection has in common; `more` are MQTT.js' own options. */
function options(more = {}) {
  const ca = caFile ? readFileSync(caFile) : undefined
  return { protocolVersion, ca, reconnectPeriod: 0, connectTimeout: WAIT_MS, ...more }
}

const connect = more => mqtt.connectAsync(url, options(more), false)

/** The next `count` messages of a client, in order; fails when they do not come. */
function messages(client, count) {
  return new Promise((resolve, reject) => {
    const got = []
    const timer = setTimeout(
      () => reject(new Error(`${got.length} of ${count} came, the last: ${got.at(-1)?.text}`)),
      WAIT_MS)
    client.on('message', function take(topic, payload, packet) {
      got.push({ topic, text: payload.toString(), qos: packet.qos, packet })
      if (got.length < count) return
      clearTimeout(timer)
      client.off('message', take)
      resolve(got)
    })
  })
}

async function roundTrip() {
  const client = await connect()
  const granted = await client.subscribeAsync(`${prefix}/trip/+`, { qos: 2 })
  assert.equal(granted[0].qos, 2)
  const coming = messages(client, 4)
  for (const qos of [0, 1, 2]) {
    await client.publishAsync(`${prefix}/trip/${qos}`, `q${qos}`, { qos })
  }
  await client.publishAsync(`${prefix}/trip/l`, 'x'.repeat(200_000), { qos: 1 })
  const got = (await coming).sort((a, b) => a.topic.localeCompare(b.topic))
  assert.deepEqual(got.map(x => x.qos), [0, 1, 2, 1])
  assert.deepEqual(got.map(x => x.text.length), [2, 2, 2, 200_000])
  await client.unsubscribeAsync(`${prefix}/trip/+`)
  await client.endAsync()
}

async function retained() {
  const client = await connect()
  await client.publishAsync(`${prefix}/retained`, 'kept', { qos: 1, retain: true })
  const coming = messages(client, 1)
  await client.subscribeAsync(`${prefix}/retained`, { qos: 1 })
  const [message] = await coming
  assert.equal(message.text, 'kept')
  assert.equal(message.packet.retain, true)
  await client.publishAsync(`${prefix}/retained`, '', { qos: 1, retain: true })
  await client.endAsync()
}

async function will() {
  const watcher = await connect()
  await watcher.subscribeAsync(`${prefix}/will`, { qos: 1 })
  const coming = messages(watcher, 1)
  const properties = isFive ? { contentType: 'text/plain' } : undefined
  const victim = await connect({
    will: {
      topic: `${prefix}/will`, payload: Buffer.from('gone'), qos: 1, retain: false, properties,
    },
  })
  victim.stream.on('error', () => {})
  victim.stream.destroy()
  const [message] = await coming
  assert.equal(message.text, 'gone')
  if (isFive) assert.equal(message.packet.properties.contentType, 'text/plain')
  await victim.endAsync(true)
  await watcher.endAsync()
}

async function reconnectWithSession() {
  const publisher = await connect()
  const session = { clean: false, clientId: `${prefix}/session`.replaceAll('/', '-') }
  if (isFive) session.properties = { sessionExpiryInterval: 300 }
  const client = mqtt.connect(url, options({ ...session, reconnectPeriod: 50 }))
  const [first] = await once(client, 'connect')
  assert.equal(first.sessionPresent, false)
  await client.subscribeAsync(`${prefix}/session`, { qos: 2 })
  client.stream.on('error', () => {})
  const closed = once(client, 'close')
  const reconnected = once(client, 'connect')
  const coming = messages(client, 3)
  client.stream.destroy()
  await closed
  for (const qos of [1, 2, 1]) await publisher.publishAsync(`${prefix}/session`, 'missed', { qos })
  const [again] = await reconnected
  assert.equal(again.sessionPresent, true)
  assert.deepEqual((await coming).map(x => x.qos).sort(), [1, 1, 2])
  await client.endAsync()
  await publisher.endAsync()
}

async function propertiesOfFive() {
  const client = await connect({ properties: { topicAliasMaximum: 8, receiveMaximum: 5 } })
  await client.subscribeAsync(`${prefix}/properties`, {
    qos: 1, properties: { subscriptionIdentifier: 9 },
  })
  const coming = messages(client, 2)
  const properties = {
    contentType: 'a/b', responseTopic: 'answer', correlationData: Buffer.from([0, 1, 255]),
    messageExpiryInterval: 100, payloadFormatIndicator: true,
    userProperties: { colour: ['a', 'b'] },
  }
  await client.publishAsync(`${prefix}/properties`, 'one', { qos: 1, properties })
  await client.publishAsync(`${prefix}/properties`, 'two', { qos: 1 })
  const [one, two] = await coming
  assert.equal(two.topic, `${prefix}/properties`)
  const got = one.packet.properties
  assert.deepEqual({ ...got.userProperties }, { colour: ['a', 'b'] })
  assert.equal(got.subscriptionIdentifier, 9)
  assert.equal(got.contentType, 'a/b')
  assert.equal(got.responseTopic, 'answer')
  assert.deepEqual([...got.correlationData], [0, 1, 255])
  await client.endAsync()
}

async function manyInOrder() {
  const client = await connect()
  await client.subscribeAsync(`${prefix}/many`, { qos: 1 })
  const coming = messages(client, 1000)
  await Promise.all(Array.from({ length: 1000 }, (_, n) =>
    client.publishAsync(`${prefix}/many`, String(n), { qos: 1 })))
  const got = (await coming).map(x => Number(x.text))
  assert.deepEqual(got, Array.from({ length: 1000 }, (_, n) => n))
  await client.endAsync()
}

const scenarios = [roundTrip, retained, will, reconnectWithSession, manyInOrder]
if (isFive) scenarios.push(propertiesOfFive)
for (const scenario of scenarios) {
  let late
  const limit = new Promise((_, reject) => {
    late = setTimeout(() => reject(new Error(`${scenario.name} takes longer than 20 s`)), 20_000)
  })
  await Promise.race([scenario(), limit])
  clearTimeout(late)
  console.log(`ok ${scenario.name}`)
}
process.exit(0)
