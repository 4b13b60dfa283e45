//! `egret`: finds out what left an AWS environment, by whom, how, where to, and what that means.

mod app;
mod cli;
mod exit;
mod talk;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    cli::run(std::env::args_os())
}
