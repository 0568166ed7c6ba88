/** Global plugins that act outside of routes: validators of incoming requests, router and sink plugins. */
import type { Refusal } from '../../plugin/answer.ts'
import type { PluginServices, RouteView } from '../../plugin/contract.ts'
import { type ChainServices, type CompiledChain, compileChain } from '../compile/chain.ts'
import { disposeQuietly } from '../compile/dispose.ts'
import type { CompileEnvironment } from '../compile/environment.ts'
import { slotsOfRoutes, unknownSinks } from '../compile/sinks.ts'
import { type Chain, emptyChain } from '../pipeline/chain.ts'
import type { Globals } from './globals.ts'

/** The route that global plugins see: there is none. */
const noRoute: RouteView = {
  id: '',
  name: '',
  groups: [],
  tags: [],
  metadata: {},
  domains: [],
  stripPath: true,
  backendRoot: '/',
  backendRewrite: false,
  targets: [],
  json: {},
}

const nothing: CompiledChain = { ok: true, chain: emptyChain }

export class GlobalChain {
  static readonly none = new GlobalChain(nothing, nothing, null, new Set())
  readonly incoming: Chain['incoming']
  readonly routers: Chain['router']
  readonly sinks: Chain['sink']
  /** Set when a validator, which guards every route, cannot be made: nothing passes then (law 1). */
  readonly fault: Refusal | null
  /** Set when a sink cannot be made: answers what no route wants. */
  readonly sinkFault: Refusal | null
  /** Sinks nobody here knows: nothing is closed for want of them. */
  readonly missing: ReadonlySet<string>
  readonly #chains: readonly Chain[]

  constructor(
    validators: CompiledChain,
    others: CompiledChain,
    sinkFault: Refusal | null,
    missing: ReadonlySet<string>,
  ) {
    const guarding = validators.ok ? validators.chain : emptyChain
    // A global plugin that cannot be made closes the routes it would take part in: their own chains hold it too.
    const serving = others.ok ? others.chain : emptyChain
    this.incoming = guarding.incoming
    this.routers = serving.router
    this.sinks = serving.sink
    this.fault = validators.ok ? null : validators.refusal
    this.sinkFault = sinkFault
    this.missing = missing
    this.#chains = [guarding, serving]
  }

  static async compile(globals: Globals, env: CompileEnvironment): Promise<GlobalChain> {
    if (globals.incoming.length === 0 && globals.slots.length === 0) return GlobalChain.none
    const services = servicesOf(globals, env)
    const validators = await compileChain(globals.incoming, services)
    const missing = await unknownSinks(globals.slots, env.thread.plugins)
    const known = globals.slots.filter(({ plugin }) => !missing.has(plugin))
    const all = await compileChain(known, services)
    if (all.ok) return new GlobalChain(validators, all, null, missing)
    // A sink that fails is no reason to route in another way.
    const withoutSinks = await compileChain(slotsOfRoutes(known), services)
    return new GlobalChain(validators, withoutSinks, withoutSinks.ok ? all.refusal : null, missing)
  }

  dispose(): void {
    for (const { instances } of this.#chains) for (const instance of instances) disposeQuietly(instance)
  }
}

function servicesOf(globals: Globals, { thread }: CompileEnvironment): ChainServices {
  return {
    plugins: thread.plugins,
    blacklisted: thread.blacklisted,
    pluginServices: (slot: number, plugin: string): PluginServices => ({
      route: noRoute,
      slot,
      destination: () => {
        throw new Error('there is no route whose requests could be sent elsewhere')
      },
      template: text => thread.template(text),
      trustForwarded: globals.trustForwarded,
      adminRoute: thread.privateRoute?.routeId ?? '',
      headerNames: thread.headerNames,
      apikeys: thread.apikeys,
      keyPairs: thread.keyPairs,
      logins: thread.logins,
      counting: thread.counting,
      bodyLimit: thread.bodyLimit,
      globalSettings: globals.pluginSettings,
      calls: thread.calls,
      jwt: thread.jwt,
      cache: thread.cache,
      board: thread.board,
      outages: thread.outages,
      geolocation: globals.geolocation,
      instance: thread.instance,
      alert: (name, fields) => thread.alert(noRoute, name, fields),
      event: (type, fields) => thread.event(noRoute, type, fields),
      log: (level, message) => thread.log(level, `[${plugin}] ${message}`),
    }),
  }
}
