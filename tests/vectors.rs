//! The test vectors of the specification: small ladders, and what a report about each must say.
//!
//! Each file in `tests/vectors` is one test, named after it. The captures are left in
//! `target/tmp/vectors` for a look with other tools.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::expect::{report, unmet};
use crate::support::flow::{Expectation, Format, Ladder, Link, Order, Wrapping};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors")
}

/// All scripts, by name.
fn scripts() -> Vec<PathBuf> {
    let mut all: Vec<_> = fs::read_dir(folder()).unwrap().map(|e| e.unwrap().path()).collect();
    all.sort();
    all
}

/// Builds the capture; what the program must say about it.
fn build(script: &Path, suffix: &str, wrapping: &Wrapping) -> (PathBuf, Vec<Expectation>) {
    let ladder = Ladder::load(script).wrapped(wrapping);
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("vectors");
    fs::create_dir_all(&dir).unwrap();
    let name = script.file_stem().unwrap().display();
    let capture = dir.join(format!("{name}{suffix}.{}", ladder.extension()));
    fs::write(&capture, ladder.build()).unwrap();
    assert!(!ladder.expectations.is_empty(), "{name} expects nothing");
    (capture, ladder.expectations)
}

fn check(name: &str) {
    let script = folder().join(format!("{name}.flow"));
    let (capture, expectations) = build(&script, "", &Wrapping::default());
    let unmet = unmet(&report(&capture), &expectations);
    assert!(unmet.is_empty(), "{name}.flow\n  {}", unmet.join("\n  "));
}

/// The same messages in other clothes mean the same.
fn check_all_in(wrappings: &[(&str, Wrapping)]) {
    let free: Vec<_> = scripts().into_iter().filter(|s| !Ladder::load(s).fixed).collect();
    let built: Vec<_> =
        wrappings.iter().flat_map(|(suffix, w)| free.iter().map(|s| build(s, suffix, w))).collect();
    let mut wrong = Vec::new();
    for (capture, expectations) in built {
        let unmet = unmet(&report(&capture), &expectations);
        wrong.extend(unmet.iter().map(|u| format!("{}: {u}", capture.file_name().unwrap().display())));
    }
    assert!(wrong.is_empty(), "\n  {}", wrong.join("\n  "));
}

macro_rules! vectors {
    ($($test:ident = $file:literal;)*) => {
        $(#[test] fn $test() { check($file); })*

        #[test]
        fn every_script_is_a_test() {
            let named = [$(concat!($file, ".flow")),*];
            let present: Vec<_> =
                scripts().iter().map(|p| p.file_name().unwrap().display().to_string()).collect();
            assert_eq!(present, named, "the list below is sorted and complete");
        }
    };
}

vectors! {
    v01_answered = "01-answered";
    v02_busy_with_retransmissions = "02-busy-with-retransmissions";
    v03_challenged_and_answered = "03-challenged-and-answered";
    v04_credentials_rejected = "04-credentials-rejected";
    v04b_credentials_rejected_in_a_loop = "04b-credentials-rejected-in-a-loop";
    v05_challenge_not_retried = "05-challenge-not-retried";
    v06_session_interval_repaired = "06-session-interval-repaired";
    v07_redirect_followed_with_its_call_id = "07-redirect-followed-with-its-call-id";
    v08_redirect_followed_with_another_call_id = "08-redirect-followed-with-another-call-id";
    v09_cancelled_while_ringing = "09-cancelled-while-ringing";
    v10_cancelled_before_ringing = "10-cancelled-before-ringing";
    v100_ner_by_cause = "100-ner-by-cause";
    v101_three_taps = "101-three-taps";
    v102_no_ring_no_bye_both_hang_up = "102-no-ring-no-bye-both-hang-up";
    v103_no_answer_timer = "103-no-answer-timer";
    v104_call_ended_by_481_after_its_answer_was_lost = "104-call-ended-by-481-after-its-answer-was-lost";
    v105_deep_chain_of_translated_codes = "105-deep-chain-of-translated-codes";
    v106_fork_behind_a_failover = "106-fork-behind-a-failover";
    v107_dead_branch_of_a_fork_is_tried_on_after_the_bye = "107-dead-branch-of-a-fork-is-tried-on-after-the-bye";
    v108_replies_only_answered_long_after_the_challenge = "108-replies-only-answered-long-after-the-challenge";
    v109_late_tap_that_shows_each_packet_twice = "109-late-tap-that-shows-each-packet-twice";
    v11_answer_crosses_cancel = "11-answer-crosses-cancel";
    v110_final_of_a_gateway_that_was_given_up = "110-final-of-a-gateway-that-was-given-up";
    v111_late_finals_captured_twice = "111-late-finals-captured-twice";
    v12_rings_without_final = "12-rings-without-final";
    v12b_rings_and_the_capture_ends_before_timer_c = "12b-rings-and-the-capture-ends-before-timer-c";
    v13a_silent_and_the_capture_ends_before_timer_b = "13a-silent-and-the-capture-ends-before-timer-b";
    v13b_silent_until_timer_b = "13b-silent-until-timer-b";
    v14a_timeout_after_ringing = "14a-timeout-after-ringing";
    v14b_timeout_without_ringing = "14b-timeout-without-ringing";
    v15_proxied_call_on_both_hops = "15-proxied-call-on-both-hops";
    v16_fork_one_busy_one_answers = "16-fork-one-busy-one-answers";
    v17_only_the_branches_of_a_fork = "17-only-the-branches-of-a-fork";
    v18_hunt_fails_and_the_proxy_answers_480 = "18-hunt-fails-and-the-proxy-answers-480";
    v19_two_answers_of_a_fork = "19-two-answers-of-a-fork";
    v20_reinvite = "20-reinvite";
    v21_replies_only_reinvite = "21-replies-only-reinvite";
    v22_replies_only_challenged_and_answered = "22-replies-only-challenged-and-answered";
    v23_replies_only_cancelled = "23-replies-only-cancelled";
    v24_answered_but_never_acknowledged = "24-answered-but-never-acknowledged";
    v25_overlap_dialling = "25-overlap-dialling";
    v26_same_keys_after_33_seconds = "26-same-keys-after-33-seconds";
    v27_failover_on_a_new_branch = "27-failover-on-a-new-branch";
    v28_unknown_codes = "28-unknown-codes";
    v29_sipfrag_is_no_response = "29-sipfrag-is-no-response";
    v30_response_to_ack = "30-response-to-ack";
    v31_whole_call_again_with_all_identifiers = "31-whole-call-again-with-all-identifiers";
    v32_pings_with_the_same_bytes = "32-pings-with-the-same-bytes";
    v33_pings_with_new_branches = "33-pings-with-new-branches";
    v34_both_sides_of_a_nat = "34-both-sides-of-a-nat";
    v35_code_translated_by_a_proxy = "35-code-translated-by-a-proxy";
    v36_fork_one_answers_one_is_cancelled = "36-fork-one-answers-one-is-cancelled";
    v37_b2bua_gives_up_both_legs_at_once = "37-b2bua-gives-up-both-legs-at-once";
    v38_b2bua_turns_603_into_480 = "38-b2bua-turns-603-into-480";
    v39_b2bua_turns_404_into_503 = "39-b2bua-turns-404-into-503";
    v40_b2bua_with_its_own_from_tag = "40-b2bua-with-its-own-from-tag";
    v41_cancelled_during_early_media = "41-cancelled-during-early-media";
    v42_progress_is_no_ringing = "42-progress-is-no-ringing";
    v43_challenge_at_the_end_of_the_capture = "43-challenge-at-the-end-of-the-capture";
    v44_queue_answers_after_400_seconds = "44-queue-answers-after-400-seconds";
    v45_byes_of_two_forked_dialogs = "45-byes-of-two-forked-dialogs";
    v46_registrations_with_a_wrong_password = "46-registrations-with-a-wrong-password";
    v47_replies_only_tagged_trying_then_busy = "47-replies-only-tagged-trying-then-busy";
    v48_two_taps_with_different_clocks = "48-two-taps-with-different-clocks";
    v49_reliable_provisional_responses = "49-reliable-provisional-responses";
    v50_failover_to_another_gateway = "50-failover-to-another-gateway";
    v51_overlap_dialling_is_one_bid = "51-overlap-dialling-is-one-bid";
    v52_worked_example = "52-worked-example";
    v60_late_tap_repeats_an_acknowledged_invite = "60-late-tap-repeats-an-acknowledged-invite";
    v61_tap_a_minute_late = "61-tap-a-minute-late";
    v62_tap_with_an_early_clock_then_identifiers_again = "62-tap-with-an-early-clock-then-identifiers-again";
    v63_second_tap_goes_on_alone = "63-second-tap-goes-on-alone";
    v64_request_repeated_for_ever = "64-request-repeated-for-ever";
    v65_register_with_the_same_identifiers = "65-register-with-the-same-identifiers";
    v66_final_of_another_code_after_all_was_over = "66-final-of-another-code-after-all-was-over";
    v67_call_through_four_proxies = "67-call-through-four-proxies";
    v68_answered_with_prack_through_two_proxies = "68-answered-with-prack-through-two-proxies";
    v69_spiral_through_one_proxy = "69-spiral-through-one-proxy";
    v70_fork_leg_fails_early_and_the_call_is_retried = "70-fork-leg-fails-early-and-the-call-is-retried";
    v71_redialling_for_a_hundred_times = "71-redialling-for-a-hundred-times";
    v72_199_is_no_progress = "72-199-is-no-progress";
    v73_unknown_provisional_is_183 = "73-unknown-provisional-is-183";
    v74_open_fork_leg_of_an_answered_call = "74-open-fork-leg-of-an-answered-call";
    v75_b2bua_with_its_own_tags_ends_the_call = "75-b2bua-with-its-own-tags-ends-the-call";
    v76_b2bua_keeping_the_from_tag_ends_the_call = "76-b2bua-keeping-the-from-tag-ends-the-call";
    v77_bye_challenged = "77-bye-challenged";
    v78_byes_cross_before_the_capture = "78-byes-cross-before-the-capture";
    v79_refresh_failed = "79-refresh-failed";
    v80_registrations_of_one_phone_interleaved = "80-registrations-of-one-phone-interleaved";
    v81_register_outcomes = "81-register-outcomes";
    v82_delays_one_by_one = "82-delays-one-by-one";
    v83_delays_of_failures = "83-delays-of-failures";
    v84_concurrency_is_no_sum = "84-concurrency-is-no-sum";
    v85_concurrency = "85-concurrency";
    v86_retry_just_inside_and_just_after_32_seconds = "86-retry-just-inside-and-just-after-32-seconds";
    v87_replies_only_through_a_proxy_with_a_fork = "87-replies-only-through-a-proxy-with-a-fork";
    v88_request_seen_after_its_final = "88-request-seen-after-its-final";
    v89_in_dialog_by_the_callees_tag = "89-in-dialog-by-the-callees-tag";
    v90_server_that_tags_its_trying = "90-server-that-tags-its-trying";
    v91_401_then_407_then_answered = "91-401-then-407-then-answered";
    v92_cancels_that_go_wrong = "92-cancels-that-go-wrong";
    v93_topology_hiding_on_one_host = "93-topology-hiding-on-one-host";
    v94_scanner_with_one_call_id = "94-scanner-with-one-call-id";
    v95_final_lost_on_the_way_up = "95-final-lost-on-the-way-up";
    v96_options_alive_in_and_out_of_dialog = "96-options-alive-in-and-out-of-dialog";
    v97_other_methods_through_a_proxy = "97-other-methods-through-a-proxy";
    v98_proxy_writes_its_own_to_tag = "98-proxy-writes-its-own-to-tag";
    v99_two_xx_after_another_final = "99-two-xx-after-another-final";
}

#[test]
fn vectors_mean_the_same_in_tagged_ethernet_and_pcapng() {
    let tagged = Wrapping { vlans: Some(vec![10, 20]), format: Some(Format::Pcapng), ..Wrapping::default() };
    let finer = Wrapping { nanoseconds: Some(true), big_endian: Some(true), ..tagged.clone() };
    check_all_in(&[("-vlan", tagged), ("-vlan-ns-be", finer)]);
}

#[test]
fn vectors_mean_the_same_on_every_link_type() {
    let on =
        |(name, link)| (name, Wrapping { link: Some(link), big_endian: Some(true), ..Wrapping::default() });
    let links = [
        ("-sll", Link::Sll),
        ("-sll2", Link::Sll2),
        ("-raw", Link::Raw),
        ("-null", Link::Null),
        ("-loop", Link::Loop),
        ("-ppp", Link::Ppp),
    ];
    check_all_in(&links.map(on));
}

#[test]
fn vectors_mean_the_same_over_ipv6() {
    check_all_in(&[("-ipv6", Wrapping { ipv6: true, ..Wrapping::default() })]);
}

#[test]
fn vectors_mean_the_same_in_fragments_last_first() {
    let v4 = Wrapping { ipfrag: Some(128), order: Some(Order::Reversed), ..Wrapping::default() };
    let v6 = Wrapping { ipv6: true, ..v4.clone() };
    check_all_in(&[("-fragments", v4), ("-fragments6", v6)]);
}

#[test]
fn vectors_mean_the_same_over_tcp_in_small_segments() {
    let tcp = Wrapping { tcp: true, each: Some(61), ..Wrapping::default() };
    let mixed = Wrapping { order: Some(Order::Reversed), ..tcp.clone() };
    check_all_in(&[("-tcp", tcp), ("-tcp-reversed", mixed)]);
}

#[test]
fn paths_lead_to_rows_by_their_keys() {
    let report = serde_json::json!({
        "a": {"n": 3, "rate": 0.25, "none": null, "ok": true},
        "rows": [{"method": "BYE", "code": 200, "count": 1}, {"method": "INVITE", "code": 200, "count": 2}],
    });
    let says = |path: &str, value: &str| {
        let e = Expectation { line: 1, path: path.into(), value: value.into() };
        unmet(&report, &[e]).is_empty()
    };
    for (path, value) in [
        ("a.n", "3"),
        ("a.rate", "0.25"),
        ("a.none", "null"),
        ("a.ok", "true"),
        ("rows[code=200].count", "1"),
        ("rows[method=INVITE,code=200].count", "2"),
        ("rows[method=ACK].count", "0"),
    ] {
        assert!(says(path, value), "{path} {value}");
    }
    assert!(!says("a.n", "4") && !says("rows[method=ACK].count", "1") && !says("a.none", "0"));
}
