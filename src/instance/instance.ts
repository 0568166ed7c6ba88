/**
 * One running gateway: store, control plane, private listener and data-plane threads, put together and taken apart.
 *
 * Guarantees: `start` resolves when every thread serves and listens, or rejects with `StartFailure` and leaves nothing
 * open; `stop` lets requests finish within the limit and closes the store last.
 */
import type { AdminApiServices } from '../admin-api/services.ts'
import { isRedisKind, postgresTarget, redisTarget, type Settings } from '../config/index.ts'
import { ControlPlane } from '../control/control-plane.ts'
import type { RevisionAudience } from '../control/revision-audience.ts'
import { DataPlane, ListenFailed } from '../data-plane/data-plane.ts'
import type { PluginFile } from '../data-plane/messages.ts'
import { InstanceState } from '../data-plane/instance-state.ts'
import { Leftovers, returnMemorySoon } from '../data-plane/return-memory.ts'
import { EventPort, EventsHub } from '../events/index.ts'
import { openStore } from '../store/open.ts'
import { type Store, StoreUnavailable } from '../store/contract.ts'
import {
  CALLER_HEADER,
  CLIENT_HEADER,
  newToken,
  openAdminListener,
  TOKEN_HEADER,
  type AdminListener,
} from './admin-listener.ts'
import { InstanceBoard } from './board.ts'
import { openCallCounts } from './call-counts.ts'
import { explainWith } from './explain.ts'
import { StartFailure } from './failure.ts'
import { Exporters } from './exporters.ts'
import { FlowStore } from './flow-store.ts'
import type { FirstLogin, FirstStart } from './first-start.ts'
import { HttpListeners } from './http-listeners.ts'
import { HttpsPort } from './https-port.ts'
import { InstanceCache } from './kept-answers.ts'
import type { Log } from './log.ts'
import { monitoringWith } from './monitoring.ts'
import { loginSettings } from './login-settings.ts'
import { hashPassword, passwordMatches } from './password.ts'
import { pluginFiles, watchPlugins } from './plugins-folder.ts'
import { PluginListings } from './plugin-listings.ts'
import { storedPublicKey } from './public-key.ts'
import { readTls } from './tls-material.ts'
import { PortUnavailable, probePort } from './port-probe.ts'
import { PrivateRooms } from './private-rooms.ts'
import { secretRotation } from './rotation.ts'
import { SharedPurges } from './shared-purges.ts'
import { SnowMonkey } from './snow-monkey.ts'
import { storeApikey } from './store-apikey.ts'
import { watchStore } from './store-watch.ts'
import {
  cacheMemory,
  isShared,
  plainListener,
  STANDARD_LISTENER,
  threadSettingsOf,
} from './thread-settings-of.ts'

/** Milliseconds after the start, when first requests have been served, until long lists are made ready. */
const LISTS_AFTER = 1000

/** A gateway whose ports are open and which serves every route. */
export interface StartedInstance {
  /**
   * Resolves when all entities are read, too: until then keys and sessions are read one by one as calls name them, and the
   * admin API lets its callers wait. Rejects with `StartFailure`.
   */
  readonly complete: Promise<void>
  readonly httpPort: number
  readonly httpsPort: number | null
  /** Set on a first start. */
  readonly firstLogin: FirstLogin | null
  stop(): Promise<void>
}

/** Starts a gateway. Rejects with `StartFailure`. */
export async function startInstance(settings: Settings, version: string, log: Log): Promise<StartedInstance> {
  const closers: (() => Promise<void> | void)[] = []
  const closeAll = async (): Promise<void> => {
    for (const close of closers.splice(0).reverse()) await close()
  }
  try {
    return await assemble(settings, version, log, closers, closeAll)
  } catch (error) {
    await closeAll().catch(() => {})
    throw asFailure(error)
  }
}

async function assemble(
  settings: Settings,
  version: string,
  log: Log,
  closers: (() => Promise<void> | void)[],
  closeAll: () => Promise<void>,
): Promise<StartedInstance> {
  const tls = readTls(settings)
  const { http, https } = settings
  for (const port of tls === null ? [http.port] : [http.port, https.port]) await probePort(port, http.host)
  const store = await openTheStore(settings)
  closers.push(() => store.close())

  const listings = new PluginListings()
  let first: FirstStart | null = null
  const control = ControlPlane.create({
    store,
    root: settings.storage.root,
    history: settings.history.enabled
      ? {
          versions: settings.history.versions,
          total: settings.history.total,
          maxAge: settings.history.days * 86_400_000,
        }
      : null,
    initial: async () => {
      const { firstStart } = await import('./first-start.ts')
      first = await firstStart(settings, () => listings.all())
      for (const warning of first.warnings) log('warn', warning)
      return first.initial
    },
    onFailure: (error, what) => log('error', `${what}: ${messageOf(error)}`),
  })
  closers.push(() => control.close())
  const serving = Promise.withResolvers<void>()
  let loaded = Promise.resolve()
  const listed = new Promise<void>((resolve, reject) => {
    loaded = control.load(() => {
      resolve()
      return serving.promise
    })
    loaded.catch(reject)
  })
  // Told below, where it is waited for.
  listed.catch(() => {})

  const token = newToken()
  const audit = new EventPort(settings.instance)
  const cache = cacheMemory(settings)
  const keptAnswers = cache === null ? null : new InstanceCache(cache, log)
  const purges =
    keptAnswers !== null && isShared(settings.storage.kind)
      ? new SharedPurges(store, settings.storage.root, order => keptAnswers.purge(order), log)
      : null
  if (purges !== null) closers.push(() => purges.close())
  const flows = new FlowStore(ids => dataPlane.setTryIts(ids))
  const services: AdminApiServices = {
    control,
    token: { header: TOKEN_HEADER, value: token },
    callerHeader: CALLER_HEADER,
    clientHeader: CLIENT_HEADER,
    keyHeaders: { id: settings.headerNames.clientId, secret: settings.headerNames.clientSecret },
    adminRoute: { routeId: settings.adminApi.routeId, groupId: settings.adminApi.groupId },
    version,
    env: settings.instance.env,
    datastore: store.driver,
    entityValidators: await entityValidators(settings),
    template: { routeBaseDomain: settings.domains.routeBase, domain: settings.domains.domain },
    pretty: settings.adminApi.pretty,
    explain: request => explainWith(dataPlane, request),
    closedBy: writes => {
      const delta = { revision: control.revision, full: true, writes, removals: [] }
      return dataPlane.closedBy(delta, settings.adminApi.routeId)
    },
    monitoring: (topic, query, accept) => monitoringWith(threadSettings, dataPlane)(topic, query, accept),
    threads: () => dataPlane.status(),
    flows,
    ...(keptAnswers !== null && {
      keptAnswers: {
        figures: () => keptAnswers.figures(),
        purge: order => (purges === null ? keptAnswers.purge(order) : purges.order(order)),
      },
    }),
    snowMonkey: {
      get outages() {
        return snowMonkey.outages
      },
      reset: () => snowMonkey.reset(),
    },
    ledger: () => hub.ledger(),
    audit,
    hashPassword,
    passwordMatches,
    checkAuthModule: async (module, user, from) => (await rooms.login()).check(module, user, from),
    plugins: () => listings.all(),
    quotas: {
      read: key => counts.quotas.read(key),
      reset: key => counts.quotas.reset(key),
    },
    onFailure: (error, what) => log('error', `${what}: ${messageOf(error)}`),
  }
  const { exposed: served } = settings.adminApi
  const loginToken = newToken()
  const rooms: PrivateRooms = new PrivateRooms({
    services,
    served,
    logins: { settings, control, audit, token: loginToken, log },
  })
  closers.push(() => rooms.close())
  const login = () => loaded.then(() => rooms.login())
  const privateListener: AdminListener = await openAdminListener(
    exchange =>
      void loaded.then(
        () => rooms.handle(exchange),
        () => exchange.abort(),
      ),
    settings.http.limits,
  )
  closers.push(() => privateListener.drain(1_000))

  const state = new InstanceState()
  const hub: EventsHub = new EventsHub({
    onStarted: () => {
      dataPlane.connectEvents()
      audit.connect(hub.openPort())
    },
    onExporters: wanting => {
      dataPlane.setExporters(wanting)
      audit.configure(wanting)
    },
    onStatus: statuses => exporters.report(statuses),
    log,
  })
  const exporters = new Exporters(control, hub)
  closers.push(() => {
    audit.flush()
    return hub.close(5_000)
  })

  const threadSettings = threadSettingsOf(
    settings,
    !served
      ? null
      : {
          routeId: settings.adminApi.routeId,
          port: privateListener.port,
          header: TOKEN_HEADER,
          token,
          callerHeader: CALLER_HEADER,
          clientHeader: CLIENT_HEADER,
          local: settings.adminApi.local,
        },
    state.memory,
    control.sharedTexts,
    cache,
    loginSettings(settings, privateListener.port, loginToken),
  )
  const counts = await openCallCounts(settings, store, threadSettings.counts, log)
  closers.push(() => counts.close())
  const board = new InstanceBoard(store, settings.storage.root, entries => dataPlane.tellBoard(entries), log)
  closers.push(() => board.close())
  const dataPlane: DataPlane = new DataPlane({
    board: () => board.entries,
    onBoard: (key, value, ttl) => board.write(key, value, ttl),
    count: subject => counts.settle(subject),
    settings: threadSettings,
    openEventPort: () => hub.openPort(),
    listed,
    fullDelta: () => control.fullDelta(),
    onAcknowledged: (delta, acknowledgement) => control.acknowledge(delta, acknowledgement),
    onFlow: flow => flows.add(flow),
    onDied: index => keptAnswers?.bury(index),
    onFetch: (kind, id) =>
      control
        .fetch(kind, id)
        .catch(error => log('error', `reading an entity of the kind ${kind}: ${messageOf(error)}`)),
    onPassword: async question => (await login()).password(question),
    onSessionUsed: id =>
      void login().then(
        room => room.sessionUsed(id),
        () => {},
      ),
    onApikey: key => storeApikey(control, key),
    onPlugins: (failures, folder) => {
      listings.setFolder(folder)
      for (const { path, message } of failures) log('error', `plugin file ${path} does not load: ${message}`)
    },
    log,
  })
  closers.push(() => dataPlane.drain(settings.running.drainTimeout))
  const extra = new HttpListeners(control, dataPlane, tls, log)
  const httpsPort = new HttpsPort({ settings, tls, control, dataPlane, log })
  const rotation = secretRotation(control, dataPlane, audit, settings.instance.env, log)
  closers.push(() => rotation.close())
  const snowMonkey: SnowMonkey = new SnowMonkey(control, dataPlane, audit, {
    env: settings.instance.env,
    adminRoute: settings.adminApi.routeId,
  })
  closers.push(() => snowMonkey.close())
  const leftovers = new Leftovers(0)
  const audience: RevisionAudience = {
    publish: async delta => {
      leftovers.written(delta.writes.length + delta.removals.length)
      const acknowledgements = await dataPlane.publish(delta)
      await httpsPort.follow(delta)
      await extra.follow(delta)
      exporters.follow(delta)
      rotation.follow(delta)
      snowMonkey.follow(delta)
      return acknowledgements
    },
  }
  control.connect(audience)

  const { folder } = settings.plugins
  const files = folder === null ? [] : await readPlugins(folder)
  await dataPlane.start(files)
  await board.load()
  await purges?.follow()
  const exposed = await storedPublicKey(control, settings)
  if (exposed !== null && settings.secrets.refuseDefaults) throw new StartFailure(exposed)
  if (exposed !== null) log('warn', exposed)
  const ports = await dataPlane.listenOn([plainListener(settings)])
  const secure = await httpsPort.open()
  // Calls are served from here on; what knows all entities comes when all of them are read.
  serving.resolve()
  const begun = control.fullDelta()
  await httpsPort.follow(begun)
  await extra.follow(begun)
  exporters.follow(begun)
  closers.push(watchStore(store, state, log))
  if (folder !== null) {
    const failed = (error: unknown): void =>
      log('error', `the plugins folder cannot be watched: ${messageOf(error)}`)
    closers.push(watchPlugins(folder, files, changed => dataPlane.reloadPlugins(changed), failed))
  }
  const complete = loaded.then(
    () => {
      rooms.start()
      returnMemorySoon(0)
      const listsSoon = setTimeout(
        () =>
          void control.prepareLists().then(() => {
            snowMonkey.look()
            return rotation.start()
          }),
        LISTS_AFTER,
      ).unref()
      closers.push(() => clearTimeout(listsSoon))
    },
    error => Promise.reject(asFailure(error)),
  )
  // Told by whoever waits for it.
  complete.catch(() => {})
  return {
    complete,
    httpPort: ports.get(STANDARD_LISTENER)!,
    httpsPort: secure,
    firstLogin: loginOf(first),
    stop: closeAll,
  }
}

async function entityValidators({ adminApi }: Settings): Promise<Readonly<Record<string, unknown>>> {
  const validators = adminApi.entityValidators ?? {}
  if (Object.keys(validators).length === 0) return validators
  const { validatorFaults } = await import('../admin-api/entity-validators.ts')
  const faults = validatorFaults(validators, true)
  if (faults.length > 0)
    throw new StartFailure(faults.map(fault => `otoroshi.adminapi.entity_validators: ${fault}`).join('\n'))
  return validators
}

// What is assigned in a callback is not seen by the checker.
function loginOf(first: FirstStart | null): FirstLogin | null {
  return first?.login ?? null
}

async function openTheStore(settings: Settings): Promise<Store> {
  const { kind, dataDir, filedbPath, root, lookEvery } = settings.storage
  const redis = isRedisKind(kind) ? redisTarget(kind, settings.redis) : null
  if (typeof redis === 'string') throw new StartFailure(redis)
  return openStore({
    storage: kind,
    dataDir,
    root,
    lookEvery,
    redis,
    postgres: kind === 'postgresql' ? postgresTarget(settings.postgres) : null,
    ...(filedbPath !== null && { filedbPath }),
  })
}

async function readPlugins(folder: string): Promise<readonly PluginFile[]> {
  try {
    return await pluginFiles(folder)
  } catch (error) {
    throw new StartFailure(`the plugins folder ${folder} cannot be read: ${messageOf(error)}`, error)
  }
}

function asFailure(error: unknown): StartFailure {
  if (error instanceof StartFailure) return error
  if (error instanceof StoreUnavailable || error instanceof PortUnavailable)
    return new StartFailure(error.message, error)
  if (error instanceof ListenFailed) return new StartFailure(`cannot listen: ${error.message}`, error)
  return new StartFailure(messageOf(error), error)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
