/** The events thread: takes events of all threads and runs one pipeline per exporter, so that a slow one slows no request. */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { Intake } from './intake.ts'
import { Ledger } from './ledger.ts'
import type { EventsThreadData, FromEvents, ToEvents } from './messages.ts'
import { ExportPipeline } from './pipeline.ts'

interface Running {
  /** The configuration. */
  readonly text: string
  readonly pipeline: ExportPipeline
  readonly offer: (text: string) => void
}

const main = parentPort!
const { totals } = workerData as EventsThreadData
const ledgers = new Map<string, Ledger>()
const running = new Map<string, Running>()

const intake = new Intake(
  {
    ledger: id => {
      if (!ledgers.has(id)) catchUp()
      return ledgers.get(id)
    },
    offer: id => running.get(id)?.offer ?? null,
  },
  totals,
)

const tell = (message: FromEvents): void => main.postMessage(message)

main.on('message', receive)

function receive(message: ToEvents): void {
  switch (message.type) {
    case 'producer':
      intake.add(message.port)
      return
    case 'exporters':
      configure(message)
      return
    case 'ledger':
      tell({ type: 'ledger', id: message.id, running: [...running.keys()] })
      return
    case 'drain':
      intake.drain()
      void drain(message.limit).then(() => tell({ type: 'drained', id: message.id }))
  }
}

/** Producers may know of an exporter before this thread has read of it, as their ports are others. */
function catchUp(): void {
  for (let got = receiveMessageOnPort(main); got !== undefined; got = receiveMessageOnPort(main))
    receive(got.message as ToEvents)
}

/** Exporters that did not change go on; a changed one keeps its account. */
function configure({ configs, ledgers: memories }: Extract<ToEvents, { type: 'exporters' }>): void {
  for (const id of ledgers.keys()) if (!Object.hasOwn(memories, id)) ledgers.delete(id)
  for (const [id, memory] of Object.entries(memories))
    if (ledgers.get(id)?.memory !== memory) ledgers.set(id, new Ledger(memory))
  const wanted = new Map(configs.filter(config => config.enabled).map(config => [config.id, config]))
  for (const [id, { pipeline }] of running) {
    if (wanted.has(id)) continue
    running.delete(id)
    void pipeline.stop(5_000)
  }
  for (const [id, config] of wanted) {
    const text = JSON.stringify(config)
    const known = running.get(id)
    if (known?.text === text && known.pipeline.ledger === ledgers.get(id)) continue
    void known?.pipeline.stop(5_000)
    const pipeline = new ExportPipeline(config, ledgers.get(id))
    running.set(id, { text, pipeline, offer: event => pipeline.offer(event) })
  }
  tell({
    type: 'status',
    faults: [...running].map(([id, { pipeline }]) => ({ id, fault: pipeline.fault })),
  })
}

async function drain(limit: number): Promise<void> {
  await Promise.all([...running.values()].map(({ pipeline }) => pipeline.stop(limit)))
}
