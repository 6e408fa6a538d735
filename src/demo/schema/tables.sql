-- PeerTube 8.2 (migration 1070): the tables that Shoal reads, and those that these refer to.
-- The order of the columns and what is nullable are as in a database that PeerTube made itself.

CREATE TYPE "enum_user_nsfwPolicy" AS ENUM ('do_not_list', 'warn', 'blur', 'display');
CREATE TYPE "enum_actor_type" AS ENUM ('Group', 'Person', 'Application', 'Organization', 'Service');
CREATE TYPE "enum_actorFollow_state" AS ENUM ('pending', 'accepted', 'rejected');
CREATE TYPE "enum_accountVideoRate_type" AS ENUM ('like', 'dislike');

CREATE TABLE application (
    id serial PRIMARY KEY,
    "migrationVersion" integer NOT NULL,
    "latestPeerTubeVersion" varchar(255),
    "nodeVersion" varchar(255) NOT NULL,
    "nodeABIVersion" varchar(255) NOT NULL,
    "configPart" jsonb
);

CREATE TABLE server (
    id serial PRIMARY KEY,
    host varchar(255) NOT NULL,
    "redundancyAllowed" boolean NOT NULL,
    "createdAt" timestamptz NOT NULL,
    "updatedAt" timestamptz NOT NULL
);

CREATE TABLE "user" (
    id serial PRIMARY KEY,
    password varchar(255),
    username varchar(255) NOT NULL,
    email varchar(400) NOT NULL,
    "pendingEmail" varchar(400),
    "emailVerified" boolean,
    "nsfwPolicy" "enum_user_nsfwPolicy" NOT NULL,
    "nsfwFlagsDisplayed" integer NOT NULL,
    "nsfwFlagsHidden" integer NOT NULL,
    "nsfwFlagsBlurred" integer NOT NULL,
    "nsfwFlagsWarned" integer NOT NULL,
    "p2pEnabled" boolean NOT NULL,
    "videosHistoryEnabled" boolean NOT NULL DEFAULT true,
    "autoPlayVideo" boolean NOT NULL,
    "autoPlayNextVideo" boolean NOT NULL DEFAULT false,
    "autoPlayNextVideoPlaylist" boolean NOT NULL,
    language varchar(255),
    "videoLanguages" varchar(255)[],
    "adminFlags" integer NOT NULL,
    blocked boolean NOT NULL,
    "blockedReason" varchar(255),
    role integer NOT NULL,
    "videoQuota" bigint NOT NULL,
    "videoQuotaDaily" bigint NOT NULL,
    theme varchar(255) NOT NULL,
    "noInstanceConfigWarningModal" boolean NOT NULL,
    "noWelcomeModal" boolean NOT NULL,
    "noAccountSetupWarningModal" boolean NOT NULL,
    "newFeaturesInfoRead" integer NOT NULL,
    "pluginAuth" varchar(255),
    "feedToken" uuid NOT NULL,
    "lastLoginDate" timestamptz,
    "otpSecret" varchar(255),
    "createdAt" timestamptz NOT NULL,
    "updatedAt" timestamptz NOT NULL
);

CREATE TABLE account (
    id serial PRIMARY KEY,
    name varchar(255) NOT NULL,
    description varchar(1000),
    "userId" integer REFERENCES "user" (id) ON DELETE CASCADE ON UPDATE CASCADE,
    "applicationId" integer REFERENCES application (id) ON DELETE CASCADE ON UPDATE CASCADE,
    "createdAt" timestamptz NOT NULL,
    "updatedAt" timestamptz NOT NULL
);

CREATE TABLE "videoChannel" (
    id serial PRIMARY KEY,
    name varchar(255) NOT NULL,
    description varchar(1000),
    support varchar(1000),
    "publicEmail" varchar(400),
    "accountId" integer NOT NULL REFERENCES account (id) ON DELETE CASCADE ON UPDATE CASCADE,
    "createdAt" timestamptz NOT NULL,
    "updatedAt" timestamptz NOT NULL
);

CREATE TABLE actor (
    id serial PRIMARY KEY,
    type "enum_actor_type" NOT NULL,
    "preferredUsername" varchar(255) NOT NULL,
    url varchar(2000) NOT NULL,
    "publicKey" varchar(5000),
    "privateKey" varchar(5000),
    "followersCount" integer NOT NULL,
    "followingCount" integer NOT NULL,
    "inboxUrl" varchar(2000) NOT NULL,
    "outboxUrl" varchar(2000),
    "sharedInboxUrl" varchar(2000),
    "followersUrl" varchar(2000),
    "followingUrl" varchar(2000),
    "remoteCreatedAt" timestamptz,
    "serverId" integer REFERENCES server (id) ON DELETE CASCADE ON UPDATE CASCADE,
    "videoChannelId" integer REFERENCES "videoChannel" (id) ON DELETE CASCADE ON UPDATE CASCADE,
    "accountId" integer REFERENCES account (id) ON DELETE CASCADE ON UPDATE CASCADE,
    "createdAt" timestamptz NOT NULL,
    "updatedAt" timestamptz NOT NULL
);

CREATE TABLE "actorFollow" (
    id serial PRIMARY KEY,
    state "enum_actorFollow_state" NOT NULL,
    score integer NOT NULL,
    url varchar(2000),
    "actorId" integer NOT NULL REFERENCES actor (id) ON DELETE CASCADE ON UPDATE CASCADE,
    "targetActorId" integer NOT NULL REFERENCES actor (id) ON DELETE CASCADE ON UPDATE CASCADE,
    "createdAt" timestamptz NOT NULL,
    "updatedAt" timestamptz NOT NULL
);

CREATE TABLE tag (
    id serial PRIMARY KEY,
    name varchar(255) NOT NULL
);

CREATE TABLE video (
    id serial PRIMARY KEY,
    uuid uuid NOT NULL,
    name varchar(255) NOT NULL,
    category integer,
    licence integer,
    language varchar(10),
    privacy integer NOT NULL,
    nsfw boolean NOT NULL,
    "nsfwFlags" integer NOT NULL,
    "nsfwSummary" varchar(255),
    description varchar(10000),
    support varchar(1000),
    duration integer NOT NULL,
    views integer NOT NULL,
    downloads integer NOT NULL,
    likes integer NOT NULL,
    dislikes integer NOT NULL,
    comments integer NOT NULL,
    remote boolean NOT NULL,
    "isLive" boolean NOT NULL,
    url varchar(2000) NOT NULL,
    "commentsPolicy" integer NOT NULL,
    "downloadEnabled" boolean NOT NULL,
    "embedPrivacyPolicy" integer NOT NULL,
    "waitTranscoding" boolean NOT NULL,
    state integer NOT NULL,
    "aspectRatio" double precision,
    "inputFileUpdatedAt" timestamptz,
    "publishedAt" timestamptz NOT NULL,
    "originallyPublishedAt" timestamptz,
    "firstPublishedAt" timestamptz,
    "channelId" integer REFERENCES "videoChannel" (id) ON DELETE CASCADE ON UPDATE CASCADE,
    "createdAt" timestamptz NOT NULL,
    "updatedAt" timestamptz NOT NULL
);

CREATE TABLE "videoTag" (
    "videoId" integer NOT NULL REFERENCES video (id) ON DELETE CASCADE ON UPDATE CASCADE,
    "tagId" integer NOT NULL REFERENCES tag (id) ON DELETE CASCADE ON UPDATE CASCADE,
    "createdAt" timestamptz NOT NULL,
    "updatedAt" timestamptz NOT NULL,
    PRIMARY KEY ("videoId", "tagId")
);

CREATE TABLE "videoCaption" (
    id serial PRIMARY KEY,
    language varchar(255) NOT NULL,
    filename varchar(255) NOT NULL,
    "m3u8Filename" varchar(255),
    storage integer NOT NULL,
    "fileUrl" varchar(2000),
    "m3u8Url" varchar(255),
    "automaticallyGenerated" boolean NOT NULL,
    "videoId" integer NOT NULL REFERENCES video (id) ON DELETE CASCADE ON UPDATE CASCADE,
    "createdAt" timestamptz NOT NULL,
    "updatedAt" timestamptz NOT NULL
);

CREATE TABLE "videoStat" (
    id serial PRIMARY KEY,
    "startDate" timestamptz NOT NULL,
    "endDate" timestamptz NOT NULL,
    views integer NOT NULL,
    downloads integer NOT NULL,
    "videoId" integer NOT NULL REFERENCES video (id) ON DELETE CASCADE ON UPDATE CASCADE,
    "createdAt" timestamptz NOT NULL
);

CREATE TABLE "localVideoViewer" (
    id serial PRIMARY KEY,
    "startDate" timestamptz NOT NULL,
    "endDate" timestamptz NOT NULL,
    "watchTime" integer NOT NULL,
    client varchar(500),
    device varchar(255),
    "operatingSystem" varchar(255),
    country varchar(255),
    "subdivisionName" varchar(255),
    uuid uuid NOT NULL,
    url varchar(2000) NOT NULL,
    "videoId" integer NOT NULL REFERENCES video (id) ON DELETE CASCADE ON UPDATE CASCADE,
    "createdAt" timestamptz NOT NULL
);

CREATE TABLE "videoPlaylist" (
    id serial PRIMARY KEY,
    name varchar(255) NOT NULL,
    description varchar(1000),
    privacy integer NOT NULL,
    url varchar(2000) NOT NULL,
    uuid uuid NOT NULL,
    type integer NOT NULL,
    "videoChannelPosition" integer,
    "ownerAccountId" integer NOT NULL REFERENCES account (id) ON DELETE CASCADE ON UPDATE CASCADE,
    "videoChannelId" integer REFERENCES "videoChannel" (id) ON DELETE CASCADE ON UPDATE CASCADE,
    "createdAt" timestamptz NOT NULL,
    "updatedAt" timestamptz NOT NULL
);

CREATE TABLE "videoPlaylistElement" (
    id serial PRIMARY KEY,
    url varchar(2000),
    position integer NOT NULL,
    "startTimestamp" integer,
    "stopTimestamp" integer,
    "videoPlaylistId" integer NOT NULL REFERENCES "videoPlaylist" (id) ON DELETE CASCADE ON UPDATE CASCADE,
    "videoId" integer REFERENCES video (id) ON DELETE SET NULL ON UPDATE CASCADE,
    "createdAt" timestamptz NOT NULL,
    "updatedAt" timestamptz NOT NULL
);

CREATE TABLE thumbnail (
    id serial PRIMARY KEY,
    filename varchar(255) NOT NULL,
    height integer,
    width integer,
    "aspectRatio" varchar(255) NOT NULL,
    "fileUrl" varchar(2000),
    "automaticallyGenerated" boolean,
    cached boolean NOT NULL,
    "videoId" integer REFERENCES video (id) ON DELETE CASCADE ON UPDATE CASCADE,
    "videoPlaylistId" integer REFERENCES "videoPlaylist" (id) ON DELETE CASCADE ON UPDATE CASCADE,
    "createdAt" timestamptz NOT NULL,
    "updatedAt" timestamptz NOT NULL
);

CREATE TABLE "videoShare" (
    id serial PRIMARY KEY,
    url varchar(2000) NOT NULL,
    "actorId" integer NOT NULL REFERENCES actor (id) ON DELETE CASCADE ON UPDATE CASCADE,
    "videoId" integer NOT NULL REFERENCES video (id) ON DELETE CASCADE ON UPDATE CASCADE,
    "createdAt" timestamptz NOT NULL,
    "updatedAt" timestamptz NOT NULL
);

CREATE TABLE "videoBlacklist" (
    id serial PRIMARY KEY,
    reason varchar(300),
    "internalNote" varchar(300),
    unfederated boolean NOT NULL,
    type integer NOT NULL,
    "videoId" integer NOT NULL REFERENCES video (id) ON DELETE CASCADE ON UPDATE CASCADE,
    "createdAt" timestamptz NOT NULL,
    "updatedAt" timestamptz NOT NULL
);

CREATE TABLE "accountBlocklist" (
    id serial PRIMARY KEY,
    "accountId" integer NOT NULL REFERENCES account (id) ON DELETE CASCADE ON UPDATE CASCADE,
    "targetAccountId" integer NOT NULL REFERENCES account (id) ON DELETE CASCADE ON UPDATE CASCADE,
    "blocklistSubscriptionId" integer,
    "createdAt" timestamptz NOT NULL,
    "updatedAt" timestamptz NOT NULL
);

CREATE TABLE "serverBlocklist" (
    id serial PRIMARY KEY,
    "accountId" integer NOT NULL REFERENCES account (id) ON DELETE CASCADE ON UPDATE CASCADE,
    "targetServerId" integer NOT NULL REFERENCES server (id) ON DELETE CASCADE ON UPDATE CASCADE,
    "blocklistSubscriptionId" integer,
    "createdAt" timestamptz NOT NULL,
    "updatedAt" timestamptz NOT NULL
);

CREATE TABLE "accountVideoRate" (
    id serial PRIMARY KEY,
    type "enum_accountVideoRate_type" NOT NULL,
    url varchar(2000) NOT NULL,
    "videoId" integer NOT NULL REFERENCES video (id) ON DELETE CASCADE ON UPDATE CASCADE,
    "accountId" integer NOT NULL REFERENCES account (id) ON DELETE CASCADE ON UPDATE CASCADE,
    "createdAt" timestamptz NOT NULL,
    "updatedAt" timestamptz NOT NULL
);

CREATE TABLE "userVideoHistory" (
    id serial PRIMARY KEY,
    "currentTime" integer NOT NULL,
    "videoId" integer NOT NULL REFERENCES video (id) ON DELETE CASCADE ON UPDATE CASCADE,
    "userId" integer NOT NULL REFERENCES "user" (id) ON DELETE CASCADE ON UPDATE CASCADE,
    "createdAt" timestamptz NOT NULL,
    "updatedAt" timestamptz NOT NULL
);

CREATE TABLE "videoComment" (
    id serial PRIMARY KEY,
    "deletedAt" timestamptz,
    url varchar(2000) NOT NULL,
    text text NOT NULL,
    "heldForReview" boolean NOT NULL,
    "replyApproval" varchar(255),
    "originCommentId" integer REFERENCES "videoComment" (id) ON DELETE CASCADE ON UPDATE CASCADE,
    "inReplyToCommentId" integer REFERENCES "videoComment" (id) ON DELETE CASCADE ON UPDATE CASCADE,
    "videoId" integer NOT NULL REFERENCES video (id) ON DELETE CASCADE ON UPDATE CASCADE,
    "accountId" integer REFERENCES account (id) ON DELETE CASCADE ON UPDATE CASCADE,
    "createdAt" timestamptz NOT NULL,
    "updatedAt" timestamptz NOT NULL
);

CREATE TABLE "oAuthToken" (
    id serial PRIMARY KEY,
    "accessToken" varchar(255) NOT NULL,
    "accessTokenExpiresAt" timestamptz NOT NULL,
    "refreshToken" varchar(255) NOT NULL,
    "refreshTokenExpiresAt" timestamptz NOT NULL,
    "authName" varchar(255),
    "loginDevice" varchar(500),
    "loginIP" varchar(255),
    "loginDate" timestamptz,
    "lastActivityDevice" varchar(500),
    "lastActivityIP" varchar(255),
    "lastActivityDate" timestamptz,
    "userId" integer NOT NULL REFERENCES "user" (id) ON DELETE CASCADE ON UPDATE CASCADE,
    "oAuthClientId" integer,
    "createdAt" timestamptz NOT NULL,
    "updatedAt" timestamptz NOT NULL
);

CREATE TABLE plugin (
    id serial PRIMARY KEY,
    name varchar(255) NOT NULL,
    type integer NOT NULL,
    version varchar(255) NOT NULL,
    "latestVersion" varchar(255),
    enabled boolean NOT NULL,
    uninstalled boolean NOT NULL,
    "peertubeEngine" varchar(255) NOT NULL,
    description varchar(20000),
    homepage varchar(2000) NOT NULL,
    settings jsonb,
    storage jsonb,
    "createdAt" timestamptz NOT NULL,
    "updatedAt" timestamptz NOT NULL
);
