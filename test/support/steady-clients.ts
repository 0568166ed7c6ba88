/** Clients that call one URL again and again over kept connections. */
import { Agent } from 'node:http'
import { call } from './http.ts'

export interface SteadyClients {
  /** Ends them; answers how often each outcome (`200 body`, `failed …`) came. */
  stop(): Promise<ReadonlyMap<string, number>>
}

/** Starts `count` of them. */
export function steadyClients(port: number, url: string, count: number): SteadyClients {
  const agent = new Agent({ keepAlive: true, maxSockets: 2 * count })
  const outcomes = new Map<string, number>()
  let running = true
  const client = async (): Promise<void> => {
    while (running) {
      const outcome = await call(port, url, { agent }).then(
        got => `${got.status} ${got.body}`,
        error => `failed ${String(error)}`,
      )
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    }
  }
  const clients = Array.from({ length: count }, client)
  return {
    async stop() {
      running = false
      await Promise.all(clients)
      agent.destroy()
      return outcomes
    },
  }
}
