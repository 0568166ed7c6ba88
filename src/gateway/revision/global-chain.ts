/** Global plugins that act outside of routes: validators of incoming requests, router and sink plugins. */
import type { Refusal } from '../../plugin/answer.ts'
import type { PluginInstance, PluginServices, RouteView } from '../../plugin/contract.ts'
import { compileChain } from '../compile/chain.ts'
import { disposeQuietly } from '../compile/dispose.ts'
import type { CompileEnvironment } from '../compile/environment.ts'
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

export class GlobalChain {
  static readonly none = new GlobalChain([], [], null)
  readonly incoming: readonly NonNullable<PluginInstance['incoming']>[]
  readonly routers: readonly NonNullable<PluginInstance['router']>[]
  readonly sinks: readonly NonNullable<PluginInstance['sink']>[]
  /** Set when a validator, which guards every route, cannot be made: nothing passes then (law 1). */
  readonly fault: Refusal | null
  readonly #instances: readonly PluginInstance[]

  constructor(
    validators: readonly PluginInstance[],
    others: readonly PluginInstance[],
    fault: Refusal | null,
  ) {
    this.incoming = validators.flatMap(i => (i.incoming ? [i.incoming.bind(i)] : []))
    this.routers = others.flatMap(i => (i.router ? [i.router.bind(i)] : []))
    this.sinks = others.flatMap(i => (i.sink ? [i.sink.bind(i)] : []))
    this.fault = fault
    this.#instances = [...validators, ...others]
  }

  static async compile(globals: Globals, env: CompileEnvironment): Promise<GlobalChain> {
    if (globals.incoming.length === 0 && globals.slots.length === 0) return GlobalChain.none
    const services = {
      plugins: env.thread.plugins,
      blacklisted: env.thread.blacklisted,
      pluginServices: (slot: number, plugin: string): PluginServices => ({
        route: noRoute,
        slot,
        template: text => env.thread.template(text),
        trustForwarded: globals.trustForwarded,
        adminRoute: env.thread.privateRoute?.routeId ?? '',
        headerNames: env.thread.headerNames,
        apikeys: env.thread.apikeys,
        keyPairs: env.thread.keyPairs,
        log: (level, message) => env.thread.log(level, `[${plugin}] ${message}`),
      }),
    }
    const validators = await compileChain(globals.incoming, services)
    const others = await compileChain(globals.slots, services)
    // A global plugin that cannot be made closes the routes it would take part in: their own chains hold it too.
    const fault = validators.ok ? null : validators.refusal
    return new GlobalChain(
      validators.ok ? validators.chain.instances : [],
      others.ok ? others.chain.instances : [],
      fault,
    )
  }

  dispose(): void {
    for (const instance of this.#instances) disposeQuietly(instance)
  }
}
