/** Several Redis servers that belong together: a cluster, and a master with a replica behind sentinels. */
import { Redis } from 'ioredis'
import { until } from './patience.ts'
import { startServer, type TestServer } from './redis-server.ts'

export interface TestCluster {
  readonly servers: readonly TestServer[]
  /** A connection to each. */
  readonly raws: readonly Redis[]
  remove(): Promise<void>
}

/** Three masters with a third of the slots each. */
export async function startCluster(password: string): Promise<TestCluster> {
  const config = [
    'cluster-enabled yes',
    'cluster-node-timeout 5000',
    `requirepass ${password}`,
    `masterauth ${password}`,
  ]
  const servers = await Promise.all([1, 2, 3].map(() => startServer({ config })))
  const raws = servers.map(({ port }) => new Redis({ port, password }).on('error', () => {}))
  for (const [i, raw] of raws.entries()) {
    await raw.cluster('ADDSLOTSRANGE', Math.floor((i * 16384) / 3), Math.floor(((i + 1) * 16384) / 3) - 1)
    await raw.cluster('MEET', '127.0.0.1', servers[0]!.port)
  }
  const healthy = async (raw: Redis): Promise<boolean> => {
    const info = String(await raw.cluster('INFO'))
    return info.includes('cluster_state:ok') && info.includes('cluster_known_nodes:3')
  }
  await Promise.all(raws.map(raw => until('the cluster is whole', () => healthy(raw))))
  return {
    servers,
    raws,
    async remove() {
      for (const raw of raws) raw.disconnect()
      await Promise.all(servers.map(server => server.remove()))
    },
  }
}

export interface TestSentinels {
  readonly master: TestServer
  readonly replica: TestServer
  readonly sentinels: readonly TestServer[]
  /** Resolves when the sentinels know the replica and each other: before, they promote nobody. */
  ready(): Promise<void>
  remove(): Promise<void>
}

/** Three sentinels that watch a master named `main`, which has a password; the sentinels may have one of their own. */
export async function startSentinels(
  dataPassword: string,
  ownPassword: string | null,
): Promise<TestSentinels> {
  const both = [`requirepass ${dataPassword}`, `masterauth ${dataPassword}`]
  const master = await startServer({ config: both })
  const replica = await startServer({ config: [...both, `replicaof 127.0.0.1 ${master.port}`] })
  const config = [
    `sentinel monitor main 127.0.0.1 ${master.port} 2`,
    `sentinel auth-pass main ${dataPassword}`,
    'sentinel down-after-milliseconds main 2000',
    'sentinel failover-timeout main 3000',
    ...(ownPassword === null ? [] : [`requirepass ${ownPassword}`]),
  ]
  const sentinels = await Promise.all([1, 2, 3].map(() => startServer({ sentinel: true, config })))
  return {
    master,
    replica,
    sentinels,
    async ready() {
      const sentinel = new Redis({
        port: sentinels[0]!.port,
        ...(ownPassword !== null && { password: ownPassword }),
      })
      const counted = async (what: string): Promise<number> =>
        ((await sentinel.call('SENTINEL', what, 'main')) as unknown[]).length
      await until(
        'the sentinels know them',
        async () => (await counted('REPLICAS')) >= 1 && (await counted('SENTINELS')) >= 2,
      )
      sentinel.disconnect()
    },
    async remove() {
      await Promise.all([...sentinels, master, replica].map(server => server.remove()))
    },
  }
}
