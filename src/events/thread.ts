/** The events thread: takes events of all threads and runs one pipeline per exporter, so that a slow one slows no request. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { enrich } from './instance-facts.ts'
import type {
  EventsLedger,
  EventsThreadData,
  FromEvents,
  ProducedEvents,
  TakenEvents,
  ToEvents,
} from './messages.ts'
import { type ExporterConfig, ExportPipeline } from './pipeline.ts'

const main = parentPort!
const { instance } = workerData as EventsThreadData
const pipelines = new Map<string, { config: ExporterConfig; text: string; pipeline: ExportPipeline }>()
let received = 0
let droppedByProducers = 0
const producers = new Set<MessagePort>()

const tell = (message: FromEvents): void => main.postMessage(message)

main.on('message', (message: ToEvents) => {
  switch (message.type) {
    case 'producer':
      listenTo(message.port)
      return
    case 'exporters':
      configure(message.configs)
      return
    case 'ledger':
      tell({ type: 'ledger', id: message.id, ledger: ledger() })
      return
    case 'drain':
      void drain(message.limit).then(() => tell({ type: 'drained', id: message.id }))
  }
})

function listenTo(port: MessagePort): void {
  producers.add(port)
  port.on('message', ({ events, dropped }: ProducedEvents) => {
    received += events.length
    droppedByProducers += dropped
    for (const event of events) take(event)
    port.postMessage({ taken: events.length } satisfies TakenEvents)
  })
  port.on('close', () => producers.delete(port))
}

function take(event: unknown): void {
  if (pipelines.size === 0) return
  const whole = enrich(event as Record<string, unknown>, instance)
  for (const { pipeline } of pipelines.values()) pipeline.offer(whole)
}

/** Exporters that did not change go on; a changed one keeps its account. */
function configure(configs: readonly ExporterConfig[]): void {
  const wanted = new Map(configs.filter(config => config.enabled).map(config => [config.id, config]))
  for (const [id, { pipeline }] of pipelines) {
    if (wanted.has(id)) continue
    pipelines.delete(id)
    void pipeline.stop(5_000)
  }
  for (const [id, config] of wanted) {
    const text = JSON.stringify(config)
    const known = pipelines.get(id)
    if (known?.text === text) continue
    const pipeline = new ExportPipeline(config, known?.pipeline.ledger)
    void known?.pipeline.stop(5_000)
    pipelines.set(id, { config, text, pipeline })
  }
  tell({
    type: 'status',
    faults: [...pipelines].map(([id, { pipeline }]) => ({ id, fault: pipeline.fault })),
  })
}

function ledger(): EventsLedger {
  const exporters = Object.fromEntries(
    [...pipelines].map(([id, { config, pipeline }]) => [
      id,
      { type: config.type, fault: pipeline.fault, ...pipeline.ledger.report() },
    ]),
  )
  return { received, droppedByProducers, exporters }
}

async function drain(limit: number): Promise<void> {
  await Promise.all([...pipelines.values()].map(({ pipeline }) => pipeline.stop(limit)))
}
