/** A Eureka server: services register there and look each other up. */
import {
  answer,
  answerJson,
  type Board,
  definePlugin,
  type FullAnswer,
  schema as v,
} from '../../plugin/index.ts'
import { bareError } from '../bare-error.ts'
import { setting } from '../settings.ts'
import { appPrefix, isName } from './eureka-instances.ts'
import { eurekaXml } from './eureka-xml.ts'

type Json = Readonly<Record<string, unknown>>

/** Bytes of the longest registration. */
const LONGEST = 65_536
/** Milliseconds a status lives that was set from outside. */
const STATUS_LIFE = 120_000

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.EurekaServerSink',
  name: 'Eureka instance',
  description:
    'Answers as a Eureka server does, in XML or JSON: services register under `/eureka`, renew, and look each other up. Whoever may call the route may register.',
  family: 'service-discovery',
  categories: ['ServiceDiscovery'],
  steps: ['CallBackend'],
  config: v.looseObject({
    evictionTimeout: setting(
      v.pipe(v.number(), v.minValue(1)),
      300,
      'Seconds until an instance without a heartbeat is gone',
    ),
  }),
  setup({ evictionTimeout }, { board, route }) {
    const server = new EurekaServer(board, route.id, evictionTimeout * 1000)
    return {
      async backend({ upstream, request }) {
        const [path, query] = split(upstream.path)
        const parts = path
          .replace(/^\/eureka(\/v2)?\//, '')
          .split('/')
          .filter(part => part !== '')
          .map(decoded)
        if (!/^\/eureka\//.test(path) || parts.some(part => part === null)) return nothing()
        const asJson = request.headers.get('accept')?.includes('application/json') === true
        const body = request.method === 'POST' ? await upstream.body.read(LONGEST) : null
        return server.answer(request.method, parts as string[], new URLSearchParams(query), body, asJson)
      },
    }
  },
})

class EurekaServer {
  readonly #board: Board
  readonly #id: string
  readonly #life: number

  constructor(board: Board, id: string, life: number) {
    this.#board = board
    this.#id = id
    this.#life = life
  }

  async answer(
    method: string,
    [kind, ...names]: readonly string[],
    query: URLSearchParams,
    body: Buffer | null,
    asJson: boolean,
  ): Promise<FullAnswer> {
    const show = (name: string, value: unknown): FullAnswer =>
      asJson
        ? answerJson(200, { [name]: value })
        : answer(200, [['Content-Type', 'application/xml']], eurekaXml(name, value))
    if (kind === 'apps' && method === 'GET') return this.#apps(names, show)
    if (kind === 'instances' && method === 'GET') return this.#found(i => i['instanceId'] === names[0], show)
    if (kind === 'vips' && method === 'GET')
      return this.#applications(i => i['vipAddress'] === names[0], show)
    if (kind === 'svips' && method === 'GET')
      return this.#applications(i => i['secureVipAddress'] === names[0], show)
    if (kind !== 'apps') return nothing()
    const [app = '', id = '', detail = ''] = names
    if (method === 'POST' && names.length === 1) return this.#register(app, body)
    const key = `${appPrefix(this.#id, app)}${id}`
    const known = isName(app) && isName(id) ? this.#board.get(key) : undefined
    if (known === undefined) return nothing()
    if (method === 'DELETE' && names.length === 2)
      return this.#settle(this.#board.remove(key), answerJson(200, { deleted: 'done' }))
    if (method !== 'PUT') return nothing()
    return this.#change(key, JSON.parse(known) as Json, detail, query)
  }

  #apps(names: readonly string[], show: (name: string, value: unknown) => FullAnswer): FullAnswer {
    const [app, id] = names
    if (app === undefined) return this.#applications(() => true, show)
    if (id !== undefined) return this.#found(i => i['app'] === app && i['instanceId'] === id, show)
    const instances = this.#instances().filter(instance => instance['app'] === app)
    return instances.length === 0 ? nothing() : show('application', { name: app, instance: instances })
  }

  #applications(
    wanted: (instance: Json) => boolean,
    show: (name: string, value: unknown) => FullAnswer,
  ): FullAnswer {
    const instances = this.#instances().filter(wanted)
    const names = [...new Set(instances.map(instance => String(instance['app'])))].sort()
    const application = names.map(name => ({ name, instance: instances.filter(({ app }) => app === name) }))
    const up = instances.filter(({ status }) => status === 'UP').length
    return show('applications', {
      versions__delta: '1',
      apps__hashcode: up === 0 ? '' : `UP_${up}_`,
      application,
    })
  }

  #found(
    wanted: (instance: Json) => boolean,
    show: (name: string, value: unknown) => FullAnswer,
  ): FullAnswer {
    const found = this.#instances().find(wanted)
    return found === undefined ? nothing() : show('instance', found)
  }

  #instances(): Json[] {
    return this.#board.list(appPrefix(this.#id)).map(([, value]) => JSON.parse(value) as Json)
  }

  #register(app: string, body: Buffer | null): Promise<FullAnswer> | FullAnswer {
    const instance = instanceOf(body)
    if (instance === null) return refused('missing body or invalid body')
    const id = instance['instanceId'] ?? instance['hostName']
    if (!isName(id)) return refused('missing instance id')
    if (!isName(app)) return refused('an error happened during registration of new app')
    const value = JSON.stringify({
      status: 'UP',
      ...instance,
      instanceId: id,
      app,
      lastUpdatedTimestamp: Date.now(),
    })
    return this.#settle(this.#board.put(`${appPrefix(this.#id, app)}${id}`, value, this.#life), answer(204))
  }

  #change(
    key: string,
    instance: Json,
    detail: string,
    query: URLSearchParams,
  ): Promise<FullAnswer> | FullAnswer {
    if (detail === '')
      return this.#settle(this.#board.put(key, JSON.stringify(instance), this.#life), answer(200))
    if (detail === 'status') {
      const value = query.get('value')
      if (value === null || !/^[A-Z_]{1,40}$/.test(value)) return refused('missing query string')
      return this.#settle(
        this.#board.put(key, JSON.stringify({ ...instance, status: value }), STATUS_LIFE),
        answer(200),
      )
    }
    if (detail !== 'metadata') return nothing()
    if (query.size === 0) return refused('missing query string')
    const metadata = { ...(instance['metadata'] as Json | undefined), ...Object.fromEntries(query) }
    return this.#settle(
      this.#board.put(key, JSON.stringify({ ...instance, metadata }), this.#life),
      answer(200),
    )
  }

  #settle(work: Promise<void>, done: FullAnswer): Promise<FullAnswer> {
    return work.then(
      () => done,
      () => bareError(503, 'discovery.full', { error: 'the registration cannot be stored' }),
    )
  }
}

function nothing(): FullAnswer {
  return answer(404, [['Otoroshi-Error-Reason', 'not_found']])
}

function refused(error: string): FullAnswer {
  return bareError(400, 'eureka.bad_request', { error })
}

function instanceOf(body: Buffer | null): Json | null {
  try {
    const instance = (JSON.parse(body?.toString() ?? '') as { instance?: unknown }).instance
    return typeof instance === 'object' && instance !== null && !Array.isArray(instance)
      ? (instance as Json)
      : null
  } catch {
    return null
  }
}

function split(target: string): readonly [path: string, query: string] {
  const question = target.indexOf('?')
  return question < 0 ? [target, ''] : [target.slice(0, question), target.slice(question + 1)]
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}
