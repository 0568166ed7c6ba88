/** How plugins describe the signing of tokens in their settings. */
export { type AlgoSettings, algoSettingsSchema, defaultAlgoSettings } from '../model/types/algo-settings.ts'
