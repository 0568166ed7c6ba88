/**
 * `kill -9` at random moments of concurrent writing, starting and ending: what was acknowledged is there, nothing is there
 * by halves, the store opens every time, and the history tells how everything came to be.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { runClients } from './support/crash/clients.ts'
import { Gone, httpDoor } from './support/crash/http-door.ts'
import { places } from './support/crash/replay.ts'
import { momentOf, someWrites, Trial } from './support/crash/trial.ts'
import { WriterProcess } from './support/crash/writer-process.ts'
import { exported, exportedLines } from './support/exports.ts'
import { launch, startGateway } from './support/gateway.ts'

/** 200 in all, for two stores: a process that is started by most of them in a quarter of the time. */
const gatewayRounds = 20
const writerRounds = 80
const patient = { timeout: 1_200_000 }

describe('kill -9', { concurrency: 2 }, () => {
  for (const storage of ['sqlite', 'file']) {
    it(`a gateway on ${storage} loses nothing`, patient, async t => {
      const trial = new Trial(storage, t)
      for (let round = 0; round < gatewayRounds; round++) {
        await trial.begin(round)
        if (momentOf(round) === 'starting') await killStarting(trial, storage)
        else await killGateway(trial, storage, round)
      }
      await trial.end(gatewayRounds)
    })

    it(`a control plane on ${storage} loses nothing`, patient, async t => {
      const trial = new Trial(storage, t)
      for (let round = 0; round < writerRounds; round++) {
        await trial.begin(round)
        await killWriter(trial, storage, round)
      }
      await trial.end(writerRounds)
    })
  }
})

async function killWriter(trial: Trial, storage: string, round: number): Promise<void> {
  const { ledger } = trial
  const moment = momentOf(round)
  const asked = ledger.all.length
  const began = performance.now()
  const writer = new WriterProcess(storage, trial.dataDir, `r${round}`, ledger)
  try {
    if (moment === 'starting') await sleep(Math.random() * trial.startTime)
    else {
      await writer.ready
      trial.startTime = performance.now() - began
      await someWrites(ledger, 120, () => writer.child.exitCode !== null)
      if (moment === 'ending') {
        writer.child.kill('SIGTERM')
        await sleep(Math.random() * 30)
      }
    }
  } finally {
    await writer.kill()
  }
  assert.equal(writer.said, '')
  trial.killed(moment, asked)
  // Killed early, it may not even have made the directory.
  if (ledger.all.length > 0) await trial.verify()
}

const options = (trial: Trial, storage: string) => ({
  dataDir: trial.dataDir,
  threads: 1,
  patience: 120_000,
  env: {
    OTOROSHI_STORAGE: storage,
    OTOROSHI_HISTORY_VERSIONS: '0',
    OTOROSHI_HISTORY_TOTAL: '0',
    OTOROSHI_HISTORY_DAYS: '0',
  },
})

async function killStarting(trial: Trial, storage: string): Promise<void> {
  const child = launch(options(trial, storage))
  const ended = once(child, 'exit')
  await sleep(Math.random() * trial.startTime)
  child.kill('SIGKILL')
  await ended
  trial.killed('starting', trial.ledger.all.length)
}

async function killGateway(trial: Trial, storage: string, round: number): Promise<void> {
  const { ledger } = trial
  const began = performance.now()
  const gateway = await startGateway(options(trial, storage))
  trial.startTime = performance.now() - began
  const asked = ledger.all.length
  const moment = momentOf(round)
  try {
    // It shows what the last one left, not only has it.
    if (asked > 0) trial.replay.compareWith(entitiesIn(await exportedLines(gateway)))
    const base = (trial.base ??= await exported(gateway))
    const door = httpDoor(gateway.port, base)
    let over = false
    const clients = runClients(4, `r${round}`, door, ledger, error => error instanceof Gone).finally(() => {
      over = true
      door.close()
    })
    const killed = async (): Promise<void> => {
      await someWrites(ledger, 60, () => over)
      if (moment === 'ending') {
        gateway.child.kill('SIGTERM')
        await sleep(Math.random() * 100)
      }
      await gateway.stop('SIGKILL')
    }
    await Promise.all([killed(), clients])
  } finally {
    await gateway.stop('SIGKILL')
  }
  trial.killed(moment, asked)
  assert.doesNotMatch(gateway.output, / error /)
  await trial.verify()
}

/** Texts of the kinds that are written here, by their keys without the root. */
function entitiesIn(lines: readonly string[]): Map<string, string> {
  const entities = new Map<string, string>()
  for (const line of lines) {
    const { k, v } = JSON.parse(line) as { k: string; v: string }
    const place = k.slice('otoroshi:'.length)
    if (places.test(place)) entities.set(place, v)
  }
  return entities
}
