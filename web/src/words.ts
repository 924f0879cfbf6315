/** All words that people read, by view. */

const numbers = new Intl.NumberFormat('en')

function count(n: number, one: string, many: string): string {
  return `${numbers.format(n)} ${n === 1 ? one : many}`
}

export const mcpWords = {
  unreachable: 'The server does not answer.',
  signInNeeded: 'Sign in to see the prompts.',
  notMcp: (status: number) => `The server answered with HTTP status ${status}, and not as an MCP server does.`,
}

export const shellWords = {
  product: 'Prompt gallery',
  skip: 'Skip to the prompts',
  loading: 'Loading the prompts…',
  loadingPrompt: 'Loading the prompt…',
  tryAgain: 'Try again',
  unreachableTitle: 'The server does not answer',
  unreachable: 'The page tries again by itself, and shows the prompts as soon as the server is back.',
  unreachableBanner: 'The server does not answer. What you see may be old; the page tries again by itself.',
  reachableAgain: 'The server answers again.',
  noSettings: 'The page could not be loaded in full.',
  failedTitle: 'The prompts cannot be shown',
  unknownPromptTitle: 'No such prompt',
  unknownPrompt: (name: string) => `The gallery has no prompt \`${name}\`. It may have been renamed or removed.`,
  unknownPageTitle: 'No such page',
  unknownPage: 'This address leads nowhere in the gallery.',
  toGallery: 'Go to all prompts',
  back: 'All prompts',
  signInTitle: 'Sign in to see the prompts',
  signIn: 'Sign in',
  signInText: 'The prompts of this gallery are for members of its team.',
  signOut: 'Sign out',
  signedOutTitle: 'You are signed out',
  signedOut:
    'The sign-in server cannot be asked to end its own session, so the next “Sign in” may ask for no password. On a shared computer, sign out there too.',
  signInEnded: 'Your sign-in has ended. Sign in again to go on.',
  noStorage: 'this browser keeps nothing for the page (sessionStorage), which signing in needs',
  noSignInPage: 'the sign-in server names no page for signing in',
  noClient: 'This page cannot sign you in: its server names no client for that.',
  signInFailed: (why: string) => `Signing in failed: ${why}`,
  signInDenied: (why: string | null) => `access was denied${why === null ? '' : ` (${why})`}`,
  signInForeign: 'the answer belongs to another sign-in than this page’s. Sign in again.',
  signInUnreachable: 'the sign-in server does not answer',
  signInOdd: (why: string) => `the answer of the sign-in server is not as expected: ${why}`,
  pageTitle: (title: string) => `${title} – Prompt gallery`,
  brokenPromptTitle: 'This prompt is not served',
  brokenPrompt: (problem: string) => `This prompt has an error: ${problem}`,
  brokenElsewhere: 'This prompt cannot be used now. Look at its file, and at the partials that it includes.',
  toFile: (path: string) => `Open its file, ${path}`,
  filePartial: 'A partial: other prompts include it.',
  fileNotServed: 'This file makes no prompt until its errors are mended.',
  toPrompt: (name: string) => `Open its prompt, ${name}`,
}

export const hostWords = {
  notSent: 'The chat did not take the message.',
  failed: 'The tool failed without a reason.',
  unreachable: 'The chat does not reach it. Try again in a moment.',
  noHostTitle: 'This is an app for chats',
  noHost: 'No chat answers here. Open the gallery by the tool `open_gallery`.',
}

export const browseWords = {
  title: 'Prompts',
  searchLabel: 'Search prompts',
  searchPlaceholder: 'Search names, titles, descriptions and tags',
  clearSearch: 'Clear the search',
  prompts: (n: number) => count(n, 'prompt', 'prompts'),
  promptsOf: (n: number, total: number) => `${numbers.format(n)} of ${count(total, 'prompt', 'prompts')}`,
  number: (n: number) => numbers.format(n),
  sort: 'Sort by',
  sortName: 'Name',
  sortMatch: 'Best match',
  sortChange: 'Last change',
  folders: 'Folders',
  allFolders: 'All folders',
  topFolder: 'Top level',
  results: 'Results',
  byChange: 'By last change',
  tags: 'Tags',
  filters: 'Folders and tags',
  moreTags: (n: number) => `Show ${n} more`,
  fewerTags: 'Show fewer',
  clearFilters: 'Clear search and filters',
  arguments: (n: number, required: number) => {
    if (n === 0) return 'No arguments'
    return required === 0 ? count(n, 'argument', 'arguments') : `${count(n, 'argument', 'arguments')}, ${numbers.format(required)} required`
  },
  problems: (n: number) => count(n, 'problem', 'problems'),
  brokenTitle: (n: number) => `${count(n, 'file has', 'files have')} problems`,
  brokenNotServed: 'not served',
  place: (line: number, column?: number) => (column === undefined ? `line ${line}` : `line ${line}, column ${column}`),
  error: 'Error',
  warning: 'Warning',
  partial: 'Some prompts are missing, because not all of them could be read.',
  unlisted: (shown: number, total: number) =>
    `${numbers.format(shown)} of ${count(total, 'prompt', 'prompts')} are listed. The search finds the others too.`,
  searching: 'Searching all prompts…',
  moreMatch: 'Other prompts may match too. One more word finds them.',
  noMatchTitle: 'No prompt matches',
  noMatch: 'Try fewer words, or another tag.',
  emptyTitle: 'No prompts yet',
  emptyText: 'A prompt is a text file. Save this one as `hello.prompt` in the gallery’s folder or bucket, and it shows up here.',
  emptyExample: `---
title: Hello
description: Greets somebody.
input:
  schema:
    name: string, Who is greeted
---
Write a short, friendly greeting for {{name}}.
`,
  emptyCopy: 'Copy the example',
  emptyCopied: 'Copied',
}

export const promptWords = {
  tabs: { try: 'Try', clients: 'In your client', template: 'Template' },
  tabsLabel: 'What to do with this prompt',
  tags: 'Tags',
  version: 'Version',
  changed: 'Changed',

  // The form
  form: 'Arguments',
  noArguments: 'This prompt has no arguments.',
  required: 'required',
  allOptional: 'All arguments are optional.',
  clear: 'Clear all values',
  cleared: 'All values are cleared.',
  defaultIs: (value: string) => `Default: ${value}`,
  choose: 'Choose…',
  notSet: 'Not set',
  defaultChoice: (value: string) => `${value} (default)`,
  notAllowed: (value: string) => `${value} (not allowed)`,
  yes: 'Yes',
  no: 'No',
  oneOf: (choices: string) => `One of ${choices}.`,
  listHint: 'One item a line, items with commas, or a JSON list.',
  jsonHint: 'A JSON object, such as {"name": "Ada"}.',
  increase: (label: string) => `Increase ${label}`,
  decrease: (label: string) => `Decrease ${label}`,
  suggestions: (label: string) => `Suggestions for ${label}`,
  suggestionCount: (count: number) => (count === 1 ? '1 suggestion' : `${count} suggestions`),
  unknown: (names: string) => `The link has values for arguments that this prompt does not have: ${names}. They are not sent.`,

  // Files
  chooseFile: 'From a file',
  chooseFileFor: (label: string) => `From a file: ${label}`,
  fileTaken: (name: string, characters: number) => `${name}: ${count(characters, 'character', 'characters')}`,
  oneFile: 'Drop one file at a time.',
  fileFaults: {
    tooLarge: 'The file is larger than 1 MiB.',
    notText: 'The file is not text in UTF-8.',
    unreadable: 'The file could not be read.',
  },

  // What is wrong with a value
  isMissing: 'Fill in this argument.',
  notNumber: (value: string) => `“${value}” is not a number.`,
  notInteger: (value: string) => `“${value}” is not a whole number.`,
  notChoice: (value: string, choices: string) => `“${value}” is not one of ${choices}.`,
  notJson: (reason: string) => `This is not JSON: ${reason}`,
  notObject: 'This is JSON, but not an object: begin with {.',
  notList: 'This is JSON, but not a list: begin with [.',
  /** `must` is the server's, such as `must be a number`; `part` is the wrong part of a list or an object. */
  valueMust: (part: string, must: string) => {
    const item = /^\[(\d+)\]$/.exec(part)?.[1]
    if (item !== undefined) return `Item ${Number(item) + 1} ${must}.`
    return part ? `${part} ${must}.` : `${must[0]?.toUpperCase()}${must.slice(1)}.`
  },
  suchAs: (words: string, example: string) => `${words}, such as ${example}`,
  formatExamples: {
    date: '2026-12-31',
    'date-time': '2026-12-31T08:30:00Z',
    time: '08:30:00Z',
    email: 'ada@example.com',
    uri: 'https://example.com',
  } as Record<string, string>,

  // The rendering
  rendering: 'Rendered prompt',
  missing: (count: number) => (count === 1 ? 'One required argument is missing:' : `${count} required arguments are missing:`),
  wrong: (count: number) => (count === 1 ? 'One argument has a wrong value:' : `${count} arguments have wrong values:`),
  goTo: (label: string) => `Go to ${label}`,
  loading: 'Rendering…',
  failed: 'The prompt could not be rendered',
  again: 'Try again',
  stale: 'This is the rendering of earlier values.',
  tooLong: 'The values are larger than the 1 MiB that the server takes. Shorten them.',
  roles: { user: 'User', assistant: 'Assistant' },
  view: 'Show as',
  markdown: 'Markdown',
  raw: 'Text',
  markdownFailed: 'This text could not be shown as Markdown, so it is shown as it is.',
  longText: 'This text is long, so it is shown without Markdown.',
  showMarkdown: 'Show as Markdown',
  characters: (count: string) => `${count} characters`,
  tokens: (count: string) => `about ${count} tokens`,
  tokenRule: 'Tokens are estimated: one for every 4 bytes of text. Models differ, and pictures are not counted.',
  empty: 'The prompt renders to nothing.',
  picture: 'Picture in the prompt',
  recording: 'Recording in the prompt',
  media: (type: string, size: string) => `${type}, ${size}`,
  notShown: 'This type is not shown here.',
  file: 'File',
  link: 'Link',

  // The template
  templateLoading: 'Loading the template…',
  templateMissing: 'The file was not found. It may have been renamed or removed.',
  templateFailed: 'The template could not be loaded',
  line: (line: number) => `line ${line}`,
  levels: { error: 'Error', warning: 'Warning' },
  problems: (count: number) => (count === 1 ? '1 problem' : `${count} problems`),
  size: 'Size',
}

export const takeWords = {
  copyOf: (what: string) => `Copy ${what}`,
  copied: 'Copied',
  copyFailed: 'The browser did not allow copying. Select the text and copy it.',
  copyText: 'Copy text',
  copyJson: 'Copy as JSON messages',
  copyTemplate: 'Copy template',
  copyCurl: 'Copy as curl',
  use: 'Use in the conversation',
  using: 'Sending…',
  used: 'Sent to the conversation.',
  useFailed: 'The prompt could not be sent',
  share: 'Copy link with values',
  shareBare: 'Copy link',
  leftOut: (names: string) => `Link copied without ${names}.`,
  refused: (labels: string) => `Nothing is taken yet. Fill in first: ${labels}.`,
  notRendered: 'Nothing is taken, because there is no rendering of these values yet.',
  curlOpen: (labels: string) => `Copied. The server refuses the call until these are filled in: ${labels}.`,
  /** Where there is little room. */
  short: { text: 'Text', json: 'JSON', curl: 'curl', link: 'Link', use: 'Use' },
  why: { long: 'over 200 characters', secret: 'may be secret' },
  shareWhole: 'Copy with these values too',

  callTitle: 'Call this prompt',
  callOf: (client: string) => `the call in ${client}`,
  commandOf: (client: string) => `the command for ${client}`,
  settingsOf: (client: string) => `the settings of ${client}`,
  callInClaude: 'Choose + in the chat, then Add from prompt-gallery, then this prompt. A form asks for its arguments.',
  callNotTried: 'This client was not tried here. Most show prompts among their commands: type / in the chat.',
  toolsAlone: 'This client shows no prompts. Ask its model for the prompt by name: it calls the tools search_prompts and get_prompt.',
  nameIsTaken: 'This client has a command of the same name, so the prompt cannot be called.',
  tooManyArguments: 'This client does not offer prompts with more than one argument.',
  argumentsAre: 'Arguments',
  messagesAre: 'Several messages',
  mediaAre: 'Pictures and files',
  seen: (day: string, version: string) => (version ? `Version ${version}, tried on ${day}` : `From its source, read on ${day}`),

  addTitle: 'Add this server',
  addIntro: 'The address of this server is all that a client needs.',
  address: 'the address',
  openIn: (client: string) => `Add to ${client}`,
  inTerminal: 'In a terminal',
  inFile: (path: string) => `In ${path}`,
  addIn: (client: string) => `In ${client}, add a server of the type “Streamable HTTP” with the address above.`,
  claudeCodeSignIn: 'Then type /mcp and choose Authenticate. If the output ClaudeCodeCommand of the AWS stack differs, use that.',
  claudeIsRemote:
    'claude.ai reaches servers on the internet alone, and this one is on your machine. Claude Desktop can start it itself: see “Without a server” in the documentation of clients.',
  claudeOwner: 'In a team or enterprise plan, an owner adds the connector first.',
  codexSignIn: 'If the server needs sign-in: codex mcp login prompt-gallery.',
  gooseSession: 'The command is for one session.',
  gooseDescription: 'Prompts of the team',
  zedSettings: 'settings.json (command palette: zed: open settings)',
}
