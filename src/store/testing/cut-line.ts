/** A line to a server that loses answers when told to. */
import { once } from 'node:events'
import net from 'node:net'
import type { TestContext } from 'node:test'

export interface CutLine {
  readonly port: number
  /** A message with these words is let through and its answer lost, the connection with it; null: nothing is lost. */
  cut: string | null
}

/** Opens a line to the port; closed when the test ends. */
export async function openLine(t: TestContext, to: number): Promise<CutLine> {
  const server = net.createServer(near => {
    const far = net.connect(to, '127.0.0.1')
    let deaf = false
    near.on('data', data => {
      far.write(data)
      if (line.cut === null || !data.includes(line.cut)) return
      deaf = true
      setTimeout(() => near.destroy(), 100)
    })
    far.on('data', data => {
      if (!deaf) near.write(data)
    })
    for (const socket of [near, far])
      socket
        .on('error', () => {})
        .on('close', () => {
          near.destroy()
          far.destroy()
        })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => server.close())
  const line: CutLine = { port: (server.address() as net.AddressInfo).port, cut: null }
  return line
}
