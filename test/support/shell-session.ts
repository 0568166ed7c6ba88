/** A terminal: one shell that keeps its functions, variables and background jobs from block to block. */
import { type ChildProcess, spawn } from 'node:child_process'

export class ShellSession {
  readonly #shell: ChildProcess
  readonly #mark = `__end_of_block_${process.pid}__`
  #output = ''
  #errors = ''
  #seen: (() => void) | null = null

  constructor(folder: string, env: NodeJS.ProcessEnv) {
    this.#shell = spawn('bash', ['--norc', '--noprofile'], { cwd: folder, env, detached: true })
    this.#shell.stdout!.on('data', chunk => {
      this.#output += chunk
      this.#seen?.()
    })
    this.#shell.stderr!.on('data', chunk => (this.#errors += chunk))
    this.#shell.on('exit', () => this.#seen?.())
  }

  /** Everything written to the standard error so far. */
  get errors(): string {
    return this.#errors
  }

  /** Types a block and answers what it printed. Rejects when its last command fails or it takes too long. */
  async type(block: string, patience = 60_000): Promise<string> {
    this.#output = ''
    this.#shell.stdin!.write(`${block}\nprintf '%s %s\\n' ${this.#mark} "$?"\n`)
    const status = await this.#end(patience, block)
    if (status !== 0) throw new Error(`exit code ${status} of\n${block}\n${this.#output}\n${this.#errors}`)
    return this.#output
  }

  #end(patience: number, block: string): Promise<number> {
    return new Promise((resolve, reject) => {
      const fail = (what: string): void => {
        this.#seen = null
        reject(new Error(`${what}:\n${block}\n${this.#output}\n${this.#errors}`))
      }
      const timer = setTimeout(() => fail(`no end after ${patience} ms`), patience)
      this.#seen = () => {
        const found = new RegExp(`${this.#mark} (\\d+)\\n`).exec(this.#output)
        if (found === null && this.#shell.exitCode === null) return
        clearTimeout(timer)
        if (found === null) return fail('the shell ended')
        this.#seen = null
        this.#output = this.#output.slice(0, found.index)
        resolve(Number(found[1]))
      }
      this.#seen()
    })
  }

  /** Ends the shell and whatever it left running. */
  close(): void {
    try {
      process.kill(-this.#shell.pid!, 'SIGKILL')
    } catch {} // It has ended.
  }
}

/** The environment of somebody who is not inside of `npm test`: the Node of the machine, no settings of ours. */
export function newcomersEnvironment(more: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {}
  const kept = /^npm_config_(registry|cache|userconfig)$/i
  for (const [name, value] of Object.entries(process.env))
    if (kept.test(name) || !/^(OTOROSHI_|_OTOROSHI_|APP_|npm_|NODE_|INIT_CWD$|PORT$)/i.test(name))
      env[name] = value
  const path = (env['PATH'] ?? '').split(':').filter(folder => !folder.includes('node_modules'))
  return { ...env, PATH: path.join(':'), ...more }
}

/**
 * Compares what was printed with what a document says is printed. `…` stands for anything; blanks at line ends and the
 * number of blanks in a row do not count.
 */
export function printsAs(printed: string, documented: string): boolean {
  const clean = (text: string): string =>
    text
      .split('\n')
      .map(line => line.replace(/\s+/g, ' ').trim())
      .join('\n')
      .trim()
  const pattern = clean(documented)
    .split('…')
    .map(part => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/^\n|\n$/g, '\\s*'))
    .join('[^]*?')
  return new RegExp(`^${pattern}$`).test(clean(printed))
}
