//! Writes the sample reports in every format: `cargo run -p egret-report --example sample OUT_DIR`.

#[expect(clippy::unwrap_used, reason = "invented samples, shared with the tests")]
#[path = "../tests/it/sample.rs"]
mod sample;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let directory = std::env::args_os().nth(1).ok_or("expected a directory to write to")?;
    let directory = std::path::Path::new(&directory);
    std::fs::create_dir_all(directory)?;
    let incident = sample::incident();
    let hostile = sample::hostile(&incident, sample::HOSTILE);
    for (name, report) in
        [("incident", &incident), ("quiet", &sample::quiet()), ("hostile", &hostile)]
    {
        for format in egret_report::Format::ALL {
            let path = directory.join(name).with_extension(format.extension());
            std::fs::write(path, egret_report::render(report, format)?)?;
        }
    }
    Ok(())
}
