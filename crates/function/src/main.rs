//! The program that `sam build` packages: the gallery with its own two tools.

use std::process::ExitCode;

use server::tools::calculator;

fn main() -> ExitCode {
    prompt_gallery_function::run(vec![calculator::add(), calculator::multiply()])
}
