/** How long a gateway with a stored route takes from its start to the first proxied request, and what it holds when idle. */
import { type ChildProcess, spawn } from 'node:child_process'
import net from 'node:net'
import { join } from 'node:path'
import { benchRoute, putRoute } from './gateway-setup.ts'
import { residentBytes } from './process-cost.ts'

export interface StartUp {
  /** Milliseconds from the start of the process to the first proxied answer, of each start. */
  readonly times: readonly number[]
  /** Resident memory with two threads, some seconds after the last start, MB (2^20). */
  readonly idleMb: number
}

const PORT = 19_020

/** Starts a gateway on the default store a few times. The code is compiled and kept by the first start, which is not counted. */
export async function measureStartUp(folder: string, backend: number, starts: number): Promise<StartUp> {
  const first = launch(folder)
  await firstAnswer(PORT, null)
  await putRoute(PORT, benchRoute(backend))
  await end(first)
  const times: number[] = []
  let idle = 0
  for (let i = 0; i < starts; i++) {
    const begun = performance.now()
    const child = launch(folder)
    await firstAnswer(PORT, 200)
    times.push(performance.now() - begun)
    if (i === starts - 1) {
      await new Promise(resolve => setTimeout(resolve, 4000))
      idle = residentBytes(child.pid!) / 2 ** 20
    }
    await end(child)
  }
  return { times, idleMb: idle }
}

function launch(folder: string): ChildProcess {
  return spawn(process.execPath, [join(import.meta.dirname, '../bin/otoroshi'), 'start'], {
    env: {
      ...process.env,
      OTOROSHI_PORT: String(PORT),
      OTOROSHI_HTTPS_PORT: '0',
      OTOROSHI_THREADS: '2',
      OTOROSHI_DATA_DIR: join(folder, 'start-up'),
    },
    stdio: 'ignore',
  })
}

function end(child: ChildProcess): Promise<void> {
  return new Promise(resolve => {
    child.once('exit', () => resolve())
    child.kill('SIGTERM')
  })
}

/** Asks until an answer of this status comes (null: any). */
async function firstAnswer(port: number, status: number | null): Promise<void> {
  const limit = Date.now() + 20_000
  while (Date.now() < limit) {
    const head = await ask(port)
    if (head.startsWith(status === null ? 'HTTP/1.1 ' : `HTTP/1.1 ${status} `)) return
    await new Promise(resolve => setTimeout(resolve, 2))
  }
  throw new Error('the gateway did not answer within 20 s')
}

function ask(port: number): Promise<string> {
  return new Promise(resolve => {
    const socket = net.connect(port, '127.0.0.1', () =>
      socket.write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'),
    )
    socket.once('data', data => {
      socket.destroy()
      resolve(data.toString('latin1'))
    })
    socket.once('error', () => resolve(''))
    socket.once('close', () => resolve(''))
  })
}
