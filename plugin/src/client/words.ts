// Every text that people read, in English. PeerTube's translations are keyed by the English text: languages/ has the others.
import type { Helpers } from './peertube.ts'

export const WORDS = [
  // Menu and list
  'For you',
  'Recommendations',
  'Which videos',
  'Popular',
  'Newest',
  'Subscriptions',
  'The newest videos of channels and accounts that you follow.',
  'Nothing is new in what you follow. These are the newest videos of all.',
  'Something new',
  'Drawn by chance, from channels that you have not watched. Tomorrow there are others.',
  'Newest first, nothing else: the order in which videos were published.',
  'Watched most on this instance and elsewhere, the same for everybody.',
  'Chosen from what you watched and liked.',
  'Nothing here is personal: nothing is known about you.',
  'Choose what is used',
  'Loading…',
  'Show more',
  'All {total} videos are shown.',
  'There is nothing to show yet.',
  'Recommendations cannot be had at the moment.',
  'Try again',
  'Newest videos',
  'Recommendations are not shown to you on this instance.',
  // Card
  'Live',
  'Sensitive',
  '{count} views',
  'one view',
  'Duration: {duration}',
  'Why this?',
  'Why this? “{name}”',
  'Not interested',
  'Not interested in “{name}”',
  'You will not see “{name}” again.',
  'Undo',
  'Hide the channel {channel} too',
  'The channel {channel} is hidden too.',
  'That did not work. {reason}',
  // Reasons
  'Because you watched “{name}”',
  'Similar to “{name}”',
  'From a channel that you watch',
  'Popular on this instance',
  'People with similar taste on other instances watched it',
  'A topic that you asked for more of',
  'One of the newest',
  'From a channel that you follow',
  'Something new: you have not watched this channel',
  'By chance: it is new or from a small channel, so few have seen it',
  'Nothing stands out: it fits your taste as a whole',
  // Controls
  'What may be used',
  'Nothing',
  'No recommendations for you: lists are the same for everybody.',
  'Only what you tell here',
  'Your topics and the video you are watching. Your history is not read.',
  'Your history, only here',
  'What you watch and like chooses your videos. Nothing about you leaves this instance.',
  'Your history, and you help others',
  'As above, and noised sums to which you add a little go to other instances, so that small instances learn too.',
  'As the instance proposes: {level}',
  'Your watch history is switched off in PeerTube: nothing of it is read, whatever you choose here.',
  'How it chooses',
  'Familiar',
  'Discover',
  'Timeless',
  'Fresh',
  'This instance',
  'Other instances',
  'From what you know to what is new to you',
  'From old to new videos',
  'From videos of this instance to those of others',
  'Balanced',
  'Explore',
  'More of this',
  'Less of this',
  'Add a tag',
  'Add a category',
  'Choose a category',
  'Add',
  'Remove {topic}',
  'None yet.',
  'Save',
  'Saved. It counts from the next list on.',
  'Not interested in',
  'Show again',
  'Show again: {name}',
  'Channel: {name}',
  'Video that no longer exists',
  // Profile
  'What is known about you',
  'From {watches} watched and {ratings} rated videos of your history. It is read from PeerTube when a list is made; there is no second copy.',
  'Nothing is read: your choice above does not permit it.',
  'Tags',
  'Channels',
  'Weight',
  'Videos',
  // What left
  'What left this instance',
  'You contribute: you are one of those whose sums, with noise, go to other instances.',
  'You do not contribute: nothing about you is in what leaves this instance.',
  'Nothing has left this instance in the last year.',
  'In the last year, one noised sum left. Whoever saw it, and knew everything else, could sharpen a guess about anyone in it at most {factor} times (epsilon {epsilon}), but for a chance of one in {rare}.',
  'In the last year, {releases} noised sums left. Whoever saw all of them, and knew everything else, could sharpen a guess about anyone in them at most {factor} times (epsilon {epsilon}), but for a chance of one in {rare}.',
  'The limit for a year is epsilon {allowed}; {left} is left.',
  'Privacy budget of the last twelve months',
  'epsilon {spent} of {allowed} spent',
  'Date',
  'Epsilon',
  'Size',
  'You in it?',
  'yes',
  'no',
  'Show as a table',
  // Data
  'Your data',
  'Download',
  'Everything that Shoal holds about you, as a JSON file.',
  'Start afresh',
  'What you watched until now is no longer used. Your settings stay.',
  'Start afresh?',
  'Delete everything',
  'Your settings, topics and hidden videos are deleted, and your history until now is no longer used.',
  'Delete everything?',
  'What has already left this instance with noise cannot be called back.',
  'Cancel',
  'Done.',
  // Visitors
  'This instance counts the topics of visitors. Your browser reports one topic a day, and adds chance to it before it leaves: nobody can be sure which answer was yours (epsilon {epsilon} a day).',
  'Do not take part',
  'Take part again',
] as const

export type Word = (typeof WORDS)[number]

/** Gives texts in the reader's language, with values put in for `{names}`. */
export type Say = (word: Word, values?: Record<string, string | number>) => string

/** Fetches all translations once. */
export async function prepare(helpers: Pick<Helpers, 'translate'>): Promise<Say> {
  const entries = await Promise.all(WORDS.map(async (word) => [word, await helpers.translate(word)] as const))
  const translated = new Map<string, string>(entries)
  return (word, values = {}) => fillIn(translated.get(word) ?? word, values)
}

/** `text` with `{names}` replaced by their values. */
export function fillIn(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => (Object.hasOwn(values, name) ? String(values[name]) : whole))
}
