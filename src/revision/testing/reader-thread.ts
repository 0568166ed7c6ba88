/** Reads shared texts until it is told to stop, and tells what it saw. */
import { parentPort, workerData } from 'node:worker_threads'
import type { SharedTextsMemory } from '../shared-memory.ts'
import { SharedTexts } from '../shared-texts.ts'

const { memory, ids } = workerData as { memory: SharedTextsMemory; ids: readonly string[] }
const texts = new SharedTexts(memory)
const last = new Map<string, number>()
let stopping = false
const seen = { reads: 0, missing: 0, torn: 0, backwards: 0 }
parentPort!.on('message', () => (stopping = true))
parentPort!.postMessage('ready')

/** A text is `<id>|<number>|xxx…` with as many x as the number says. */
function look(id: string): void {
  const text = texts.get(id)
  seen.reads++
  if (text === undefined) {
    seen.missing++
    return
  }
  const [name, number, filling] = text.split('|')
  if (name !== id || filling?.length !== lengthOf(Number(number))) seen.torn++
  if (Number(number) < (last.get(id) ?? 0)) seen.backwards++
  last.set(id, Number(number))
}

function round(): void {
  for (let i = 0; i < 200; i++) look(ids[Math.floor(Math.random() * ids.length)]!)
  if (stopping) {
    parentPort!.postMessage(seen)
    parentPort!.close()
  } else setImmediate(round)
}

function lengthOf(number: number): number {
  return 20 + ((number * 7919) % 60_000)
}

round()
