/** A DNS server for tests: dnsmasq on a free port, that tells what the test says. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { Resolver } from 'node:dns/promises'
import { findProgram } from '../../scripts/packages.js'
import { freePort } from './free-port.ts'
import { until } from './wait.ts'

const dnsmasq: string | null = findProgram('dnsmasq')
export const dnsmasqMissing: string | false = dnsmasq === null && 'dnsmasq is not installed'

export class TestDns {
  readonly address: string
  readonly #port: number
  #child: ChildProcess | null = null

  private constructor(port: number) {
    this.#port = port
    this.address = `127.0.0.1:${port}`
  }

  static async start(): Promise<TestDns> {
    const server = new TestDns(await freePort())
    await server.tell([])
    return server
  }

  /** Starts it (again) with these options of dnsmasq. `a.shop.test` is 127.0.0.1. */
  async tell(records: readonly string[]): Promise<void> {
    await this.stop()
    const args = ['--keep-in-foreground', '--conf-file=/dev/null', '--pid-file', '--no-resolv', '--no-hosts']
    const place = [`--port=${this.#port}`, '--listen-address=127.0.0.1', '--bind-interfaces']
    const user = process.getuid?.() === 0 ? ['--user=root'] : []
    const known = ['--local=/test/', '--host-record=a.shop.test,127.0.0.1']
    this.#child = spawn(dnsmasq!, [...args, ...place, ...user, ...known, ...records], { stdio: 'ignore' })
    const resolver = new Resolver({ timeout: 200, tries: 1 })
    resolver.setServers([this.address])
    await until('the DNS answers', () =>
      resolver.resolve4('a.shop.test').then(
        () => true,
        () => false,
      ),
    )
  }

  async stop(): Promise<void> {
    const child = this.#child
    this.#child = null
    if (child === null || child.exitCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
}
