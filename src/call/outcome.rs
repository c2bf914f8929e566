//! What became of an attempt: the vocabulary of the report.
//!
//! Identifiers and printed names are part of the report's contract. How an outcome is found is in
//! `call::verdict`.

macro_rules! vocabulary {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $id:literal, $text:literal;)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$doc])* $variant,)* }

        impl $name {
            /// All of them, in the order of reports.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in machine output.
            pub fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }

            /// The name in print.
            pub fn text(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }

        named!($name);
    };
}

vocabulary! {
    /// The outcome of an INVITE attempt: exactly one each.
    Outcome {
        /// Any 2xx.
        Answered = "answered", "Answered";
        /// 486, 600.
        Busy = "busy", "Busy";
        /// 480; 408 after ringing; 487 by expiry.
        NoAnswer = "no_answer", "No answer / unavailable";
        /// 487, or a CANCEL and no final.
        Cancelled = "cancelled", "Cancelled before answer";
        /// 603, 607.
        Declined = "declined", "Declined";
        /// 404, 410, 484, 485, 604.
        NotFound = "not_found", "Number not found";
        /// 402, 403, 428, 433, 436, 437, 438, 470, 608.
        Forbidden = "forbidden", "Forbidden / blocked";
        /// 401, 407 as last word.
        AuthFailed = "auth_failed", "Authentication failed";
        /// 3xx as last word.
        Redirected = "redirected", "Redirected";
        /// Every other 4xx.
        ClientError = "client_error", "Other client error";
        /// Every 5xx.
        ServerFailure = "server_failure", "Server failure";
        /// 606 and unknown 6xx.
        GlobalFailure = "global_failure", "Other global failure";
        /// 408 otherwise, or no final response.
        TimedOut = "timed_out", "Timed out";
        /// The capture ended first, or state was evicted.
        Pending = "pending", "Pending at end of capture";
    }
}

vocabulary! {
    /// A closer word on an outcome.
    Detail {
        /// `cancelled`: another branch answered (RFC 3326).
        Elsewhere = "elsewhere", "answered elsewhere";
        /// `cancelled`: by CANCEL.
        Cancel = "cancel", "by CANCEL";
        /// `cancelled`: by a BYE in the early dialog.
        Bye = "bye", "by early BYE";
        /// `cancelled`: a 487 without anything that caused it.
        Assumed = "assumed", "assumed";
        /// `timed_out`: a server said 408.
        Received408 = "received_408", "408";
        /// `timed_out`: no response at all.
        NoResponse = "no_response", "silent";
        /// `timed_out`: a provisional, then nothing.
        NoFinal = "no_final", "no final";
        /// `timed_out`: an ICMP error quoted the INVITE.
        IcmpUnreachable = "icmp_unreachable", "unreachable (ICMP)";
        /// `auth_failed`: credentials were sent and refused.
        CredentialsRejected = "credentials_rejected", "credentials rejected";
        /// `auth_failed`: asked again, without credentials.
        RetriedWithoutCredentials = "retried_without_credentials", "retried without credentials";
        /// `auth_failed`: challenged once, never tried again.
        NotRetried = "not_retried", "not retried";
        /// `auth_failed`: the INVITE was not captured.
        Unknown = "unknown", "unknown";
        /// `pending`: the capture ended first.
        Open = "open", "open";
        /// `pending`: challenged less than 32 s before the end.
        ChallengeOpen = "challenge_open", "challenge open";
        /// `pending`: dropped for lack of room.
        Evicted = "evicted", "evicted";
        /// Stands beside the outcome: 488, 606, 415, 580.
        MediaRefused = "media_refused", "media refused";
        /// Stands beside the outcome: a reliable provisional was never acknowledged.
        PrackFailed = "prack_failed", "PRACK failed";
        /// `declined`: by a network, not by the callee (603 "Network Blocked").
        NetworkBlocked = "network_blocked", "network blocked";
        /// `declined`: by the callee.
        Callee = "callee", "by callee";
        /// `not_found`: Q.850 2 or 3: the network has no route.
        NoRoute = "no_route", "no route";
    }
}

vocabulary! {
    /// What the caller got to know before the end.
    Alerted {
        /// 180 was seen.
        Ringing = "ringing", "180";
        /// 183 (or another 18x but 181) with a session description, no 180.
        EarlyMedia = "early_media", "183";
        /// Another provisional above 100.
        Progress = "progress", "progress";
        /// Nothing but 100.
        None = "none", "early";
    }
}

vocabulary! {
    /// Something about an attempt that its outcome does not say.
    Flag {
        /// The final was seen only behind the reference leg.
        Inferred = "inferred", "answer seen further down only";
        /// A final further down never reached the reference leg.
        LostUpstream = "lost_upstream", "final lost on the way up";
        /// A B2BUA kept the Call-ID and changed the From tag.
        B2buaSameCallId = "b2bua_same_call_id", "B2BUA under one Call-ID";
        /// No request was seen; taken as initial for want of evidence.
        InitialAssumed = "initial_assumed", "assumed to be a new call";
        /// Its INVITE was not captured though requests of others were.
        StartedBeforeCapture = "started_before_capture", "began before the capture";
        /// 2xx repeated for 24 s or more without an ACK.
        AnsweredNoAck = "answered_no_ack", "answered, never acknowledged";
        /// More than one 2xx with different To tags.
        Forked2xx = "forked_2xx", "answered more than once";
    }
}

vocabulary! {
    /// Whom the outcome speaks of.
    Side {
        /// Reached: answered, busy, rang out, refused.
        Callee = "callee", "callee reached";
        /// Gave up before it rang.
        Caller = "caller", "caller gave up early";
        /// The number.
        Number = "number", "number";
        /// The caller's account, permission or identity.
        Account = "account", "permission";
        /// The request as it was written.
        Request = "request", "request refused";
        /// The media offered.
        Media = "media", "media refused";
        /// The way to the callee.
        Path = "path", "network";
        /// The server that answered.
        Server = "server", "platform";
    }
}

vocabulary! {
    /// The outcome of a REGISTER attempt.
    RegisterOutcome {
        /// 2xx with a binding.
        Registered = "registered", "Registered";
        /// 2xx to Expires 0.
        Removed = "removed", "Removed";
        /// 2xx to a request without Contact.
        Queried = "queried", "Queried";
        /// 401, 407 as last word.
        AuthFailed = "auth_failed", "Authentication failed";
        /// Another 4xx or 6xx.
        Refused = "refused", "Refused";
        /// 5xx.
        ServerFailure = "server_failure", "Server failure";
        /// No final within 32 s (Timer F).
        TimedOut = "timed_out", "Timed out";
        /// The capture ended first.
        Pending = "pending", "Pending at end of capture";
    }
}
