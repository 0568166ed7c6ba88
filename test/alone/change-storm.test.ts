/** A storm of edits passes over routes that nobody edits, and they do not notice. `npm run storm` is the long one. */
import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { unmeasurable } from '../support/resident-memory.ts'
import { memoryOf } from '../support/storm/report.ts'
import { storm, type StormReport } from '../support/storm/storm.ts'

const EDITS = Number(process.env['STORM_EDITS'] ?? 500)

let report: StormReport

before(async () => {
  report = await storm({
    edits: EDITS,
    editsPerSecond: 50,
    requestsPerSecond: 500,
    sockets: 200,
    downloads: 8,
    threads: 2,
    seed: 1,
  })
})

describe(`${EDITS} edits, 50 a second`, () => {
  it('are all made, in time, the bad ones among them refused or closed', () => {
    assert.deepEqual(report.editFaults, [])
    const made = [...report.edits.values()].reduce((sum, count) => sum + count, 0)
    assert.ok(made >= EDITS, `${made} edits`)
    assert.equal(report.edits.size, 11, `kinds: ${[...report.edits.keys()].join(', ')}`)
    assert.ok(report.editsPerSecond > 25, `${report.editsPerSecond} a second`)
  })

  // A machine that is busy with other tests delays whatever is measured: what the untouched routes feel of that is granted
  // to the edits too, once for the admin API and once for the look. `npm run storm` grants nothing.
  it('show within 50 ms, 99 of 100', () => {
    const { sinceSending, sinceAnswer, requests } = report
    const within = 50 + 2 * requests.durations.at(0.99)
    assert.ok(
      sinceAnswer.at(0.99) <= within,
      `since the answer: ${sinceAnswer}; requests: ${requests.durations}`,
    )
    assert.ok(
      sinceSending.at(0.99) <= within,
      `since the sending: ${sinceSending}; requests: ${requests.durations}`,
    )
  })

  it('cost no request of another route', () => {
    const { answered, failed, failures } = report.requests
    assert.deepEqual([failed, failures], [0, []])
    assert.ok(answered > 400 * report.seconds, `${answered} requests in ${report.seconds} s`)
  })

  it('close no WebSocket and no download of another route, and lose nothing on them', () => {
    const { closed, faults, messages, bytes } = report.connections
    assert.deepEqual([closed, faults], [0, []])
    assert.ok(messages > 200 && bytes > 8 * 1024, `${messages} messages, ${bytes} bytes`)
  })

  // A short storm ends while the gateway still warms up; whether it keeps anything is for the long one to tell.
  it('do not pile up in memory', { skip: unmeasurable }, () => {
    const { growth, means } = memoryOf(report.memory)
    assert.ok(growth < 0.5, `${means.join(', ')} bytes`)
  })

  it('leave nothing to complain about', () => {
    assert.doesNotMatch(report.output, /died|failed:|not served|rejected promise/)
  })
})
