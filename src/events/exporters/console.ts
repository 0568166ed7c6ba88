/** Writes each event as one line of JSON on the standard output. */
import type { Exporter, OpenExporter } from './exporter.ts'

export const openConsole: OpenExporter = (): Exporter => ({
  send(events) {
    let lines = ''
    for (const event of events) lines += `${JSON.stringify(event)}\n`
    return new Promise((resolve, reject) => {
      process.stdout.write(lines, error =>
        error === null || error === undefined ? resolve() : reject(error),
      )
    })
  },
  close: async () => {},
})
