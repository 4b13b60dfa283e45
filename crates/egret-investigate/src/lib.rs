//! The method: a written pattern run over the table `events`, from coverage to verdict.
//!
//! Start reading at [`investigate::investigate`], which joins the parts: [`coverage`] says what the
//! logs could show, [`movements`] what left by which [`channel`], [`signs`] what speaks for or
//! against each explanation, [`judgement`] and [`verdict`] what follows, [`steps`] runs the
//! [`pattern`]'s own queries, [`chain`] and [`timeline`] tell who and in which order.
//!
//! The crate does not know how a report looks, nor whether the session is in this process.

pub mod actors;
pub mod analyses;
pub mod chain;
pub mod channel;
pub mod completion;
pub mod context;
pub mod coverage;
pub mod destinations;
pub mod engine;
pub mod impact;
pub mod investigate;
pub mod judgement;
pub mod movements;
pub mod nothing;
pub mod pattern;
pub mod policy;
pub mod record;
pub mod signs;
pub mod steps;
pub mod timeline;
pub mod verdict;
