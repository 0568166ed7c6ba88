/** The small process that writes: started, listened to, killed. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Ledger } from './ledger.ts'

const program = join(import.meta.dirname, 'writer.ts')

export class WriterProcess {
  readonly child: ChildProcess
  /** Resolves when it has opened the store; rejects when it ends before. */
  readonly ready: Promise<void>
  readonly #ended: Promise<unknown>
  /** What it wrote to its standard error. */
  said = ''
  #rest = ''

  /** What it says goes into the ledger. */
  constructor(storage: string, dataDir: string, round: string, ledger: Ledger) {
    this.child = spawn(process.execPath, [program, storage, dataDir, round], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.child.stderr!.on('data', chunk => (this.said += chunk))
    this.#ended = once(this.child, 'close')
    const first = ledger.all.length
    this.ready = new Promise((resolve, reject) => {
      this.child.stdout!.setEncoding('utf8').on('data', (chunk: string) => {
        const lines = (this.#rest + chunk).split('\n')
        // The last line may be torn: what it says was not said.
        this.#rest = lines.pop()!
        for (const line of lines)
          if (line === 'ready') resolve()
          else this.#take(line, first, ledger)
      })
      void this.#ended.then(() => reject(new Error(`the writer ended by itself: ${this.said}`)))
    })
    this.ready.catch(() => {})
  }

  #take(line: string, first: number, ledger: Ledger): void {
    const [sign, ...words] = line.split(' ')
    if (sign === '?') {
      ledger.ask(JSON.parse(line.slice(2)))
      return
    }
    const asked = ledger.all[first + Number(words[0])]!
    if (sign === '!') ledger.done(asked)
    else if (sign === '-') ledger.refused(asked)
    else ledger.lineDone(asked, Number(words[1]))
  }

  /** Resolves when all it said was taken. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL')
    await this.#ended
  }
}
