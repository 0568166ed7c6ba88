/**
 * A data-plane thread: one gateway on the shared ports. It gets revisions as deltas, acknowledges each once it serves it,
 * and needs nobody while it serves (law 3).
 */
import { parentPort, workerData } from 'node:worker_threads'
import { log } from 'node:console'
import { ThreadPlane } from './thread-plane.ts'
import type { ThreadSettings } from './thread-settings.ts'
import type { FromThread, ToThread } from './messages.ts'

const port = parentPort
if (port === null) {
  log('this file is started by the gateway')
  process.exit(1)
}

const tell = (message: FromThread): void => port.postMessage(message)
// A promise of a plugin that nobody awaited must not take the connections of everybody else down.
process.on('unhandledRejection', reason => {
  const text = reason instanceof Error ? (reason.stack ?? reason.message) : String(reason)
  tell({ type: 'log', level: 'error', message: `a rejected promise was not handled: ${text}` })
})

const settings = workerData as ThreadSettings
const plane = new ThreadPlane(settings, tell)
port.on('message', (message: ToThread) => void plane.receive(message))
tell({ type: 'started' })
