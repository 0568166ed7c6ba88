/**
 * Many edits in a short time while traffic flows: requests at a steady rate, WebSockets and downloads, all of them on
 * routes nobody edits, and writers on others. Tells what the traffic noticed, when each edit showed, and what the gateway's
 * memory did.
 */
import { startGateway } from '../gateway.ts'
import { MemoryWatch, type Sample } from '../resident-memory.ts'
import { Durations } from './durations.ts'
import { Editor } from './editor.ts'
import { Edits, type EditKind, seeded } from './edits.ts'
import { LongConnections } from './long-connections.ts'
import { calmRoutes, StormBackend } from './scenery.ts'
import { SteadyLoad } from './steady-load.ts'

export interface StormOptions {
  readonly edits: number
  readonly editsPerSecond: number
  readonly requestsPerSecond: number
  readonly sockets: number
  readonly downloads: number
  readonly threads: number
  readonly seed: number
}

export interface StormReport {
  readonly options: StormOptions
  readonly seconds: number
  readonly edits: ReadonlyMap<EditKind, number>
  readonly editsPerSecond: number
  /** Edits that were answered or shown in another way than they should. */
  readonly editFaults: readonly string[]
  readonly sinceSending: Durations
  readonly sinceAnswer: Durations
  /** Requests on the untouched routes. */
  readonly requests: {
    readonly answered: number
    readonly failed: number
    readonly failures: readonly string[]
    readonly perSecond: number
    readonly durations: Durations
  }
  readonly connections: {
    readonly closed: number
    readonly faults: readonly string[]
    readonly messages: number
    readonly bytes: number
  }
  /** Resident memory of the gateway during the storm. */
  readonly memory: readonly Sample[]
  /** What the gateway printed. */
  readonly output: string
}

const EDITORS = 6

/** Starts a gateway and lets the storm pass over it. */
export async function storm(options: StormOptions): Promise<StormReport> {
  const gateway = await startGateway({ threads: options.threads })
  const backend = await StormBackend.start()
  try {
    const ids = await calmRoutes(gateway, backend.port)
    const long = await LongConnections.open(gateway.port, backend, options.sockets, options.downloads)
    const load = await SteadyLoad.open(gateway.port, ids, options.requestsPerSecond)
    const writers = await openWriters(gateway.port, backend.port, options.seed)
    const tally = new Tally()
    for (const { editor, edits } of writers)
      for (const edit of edits.first()) tally.add(await editor.make(edit))

    const memory = new MemoryWatch(gateway.pid, 250)
    load.run()
    const start = performance.now()
    await write(writers, options, tally)
    const seconds = (performance.now() - start) / 1000
    memory.stop()
    const { perSecond } = load
    await load.stop()
    await long.finish()
    for (const { editor } of writers) editor.close()
    return {
      options,
      seconds,
      edits: tally.kinds,
      editsPerSecond: options.edits / seconds,
      editFaults: tally.faults,
      sinceSending: tally.sinceSending,
      sinceAnswer: tally.sinceAnswer,
      requests: {
        answered: load.answered,
        failed: load.failed,
        failures: load.failures,
        perSecond,
        durations: load.durations,
      },
      connections: {
        closed: long.closed,
        faults: long.faults,
        messages: long.messages,
        bytes: long.bytes,
      },
      memory: memory.samples,
      output: gateway.output,
    }
  } finally {
    await gateway.stop()
    backend.close()
  }
}

interface Writer {
  readonly editor: Editor
  readonly edits: Edits
}

function openWriters(port: number, backend: number, seed: number): Promise<Writer[]> {
  return Promise.all(
    Array.from({ length: EDITORS }, async (_, i) => ({
      editor: await Editor.open(port),
      edits: new Edits(`storm-${i}`, backend, seeded(seed + i)),
    })),
  )
}

/** Whoever is free makes the next edit when its time has come. */
async function write(writers: readonly Writer[], options: StormOptions, tally: Tally): Promise<void> {
  const start = performance.now()
  let next = 0
  await Promise.all(
    writers.map(async ({ editor, edits }) => {
      while (next < options.edits) {
        const due = start + (next++ * 1000) / options.editsPerSecond
        const wait = due - performance.now()
        if (wait > 0) await new Promise(resolve => setTimeout(resolve, wait))
        tally.add(await editor.make(edits.next()))
      }
    }),
  )
}

class Tally {
  readonly kinds = new Map<EditKind, number>()
  readonly faults: string[] = []
  readonly sinceSending = new Durations()
  readonly sinceAnswer = new Durations()

  add({ edit, fault, sinceSending, sinceAnswer }: Awaited<ReturnType<Editor['make']>>): void {
    this.kinds.set(edit.kind, (this.kinds.get(edit.kind) ?? 0) + 1)
    if (fault !== null) this.faults.push(fault)
    if (Number.isNaN(sinceSending)) return
    this.sinceSending.add(sinceSending)
    this.sinceAnswer.add(sinceAnswer)
  }
}
