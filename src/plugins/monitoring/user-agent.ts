/** What the software of a client says of itself, in the words of upstream. */
import bowser from 'bowser'

/** Longer ones are nobody's: reading them would cost more than they tell. */
const LONGEST = 512
/** Texts whose facts are kept. */
const MOST_KEPT = 1000

export interface AgentFacts {
  /** The field as it came. */
  readonly ua: string
  readonly browser: string
  /** `Browser` or `Bot/Crawler`. */
  readonly browserType: string
  readonly browserMajorVersion: string
  /** `Desktop`, `Mobile Phone`, `Tablet`, `TV Device` or `unknown`. */
  readonly deviceType: string
  readonly platform: string
  readonly platformVersion: string
}

const kept = new Map<string, AgentFacts>()

/** Facts from the text of a `User-Agent` field; null for one that is longer than any of browsers. */
export function agentFacts(text: string): AgentFacts | null {
  if (text.length > LONGEST) return null
  const known = kept.get(text)
  if (known !== undefined) return known
  const facts = read(text)
  if (kept.size >= MOST_KEPT) kept.delete(kept.keys().next().value!)
  kept.set(text, facts)
  return facts
}

const devices: Readonly<Record<string, string>> = {
  desktop: 'Desktop',
  mobile: 'Mobile Phone',
  tablet: 'Tablet',
  tv: 'TV Device',
  bot: 'Bot/Crawler',
}

function read(text: string): AgentFacts {
  const { browser, os, platform } = bowser.parse(text === '' ? ' ' : text)
  const device = devices[platform.type ?? ''] ?? 'unknown'
  const isBot = device === 'Bot/Crawler' || /bot\b|crawler|spider/i.test(text)
  return {
    ua: text,
    browser: browser.name || 'unknown',
    browserType: isBot ? 'Bot/Crawler' : 'Browser',
    browserMajorVersion: (browser.version ?? '').split('.', 1)[0] || 'unknown',
    deviceType: device,
    platform: os.name || 'unknown',
    platformVersion: os.versionName ?? os.version ?? 'unknown',
  }
}
