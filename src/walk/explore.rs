//! Every way a packet may go, found by walking again and again.
//!
//! The walk itself is plain sequential code that follows one packet. Where the kernel throws dice (`statistic`,
//! multipath routes) or where something is not known, it asks [`Choices::choose`], which answers with the first option
//! and remembers the question. [`explore`] then walks again with the other answers until every combination was seen,
//! and puts the runs together as a tree.

/// Why there is more than one way to go on.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Question {
    /// The kernel picks one; each option has its share, adding up to 1.
    Balance(Vec<f64>),
    /// It cannot be known. The option taken by default is the first.
    Unknown {
        /// What is not known, and why.
        what: String,
        /// What is supposed, an option each.
        options: Vec<String>,
    },
}

impl Question {
    fn options(&self) -> usize {
        match self {
            Self::Balance(shares) => shares.len(),
            Self::Unknown { options, .. } => options.len(),
        }
    }
}

/// The answers of one run.
#[derive(Debug, Default, Clone)]
pub(super) struct Choices {
    prescribed: Vec<usize>,
    asked: Vec<(Question, usize)>,
    /// Answers to questions that come up again in the same run: the same rule is not supposed to match once and not
    /// the next time.
    settled: Vec<(String, usize)>,
}

impl Choices {
    /// Which option this run takes.
    pub fn choose(&mut self, question: Question) -> usize {
        let answer = match self.prescribed.get(self.asked.len()) {
            Some(&answer) => answer,
            // An option without a share is never taken by the kernel.
            None => match &question {
                Question::Balance(shares) => {
                    shares.iter().position(|&share| share > 0.0).unwrap_or(0)
                }
                Question::Unknown { .. } => 0,
            },
        };
        self.asked.push((question, answer));
        answer
    }

    /// How many questions were asked.
    pub fn asked(&self) -> usize {
        self.asked.len()
    }

    /// Which option of something unknown this run supposes. `key` says what it is about: asked again, the answer stays.
    pub fn suppose(&mut self, key: &str, what: String, options: Vec<String>) -> usize {
        self.settle(key, Question::Unknown { what, options })
    }

    /// Which option this run takes for good: asked about the same `key` again, the answer stays.
    pub fn settle(&mut self, key: &str, question: Question) -> usize {
        if let Some((_, answer)) = self.settled.iter().find(|(known, _)| known == key) {
            return *answer;
        }
        let answer = self.choose(question);
        self.settled.push((key.to_owned(), answer));
        answer
    }
}

/// The runs, by the questions that tell them apart.
#[derive(Debug)]
pub(super) enum Tree<T> {
    /// One run.
    Leaf(T),
    /// Options of [`Question::Balance`] with their shares.
    Balance(Vec<(f64, Tree<T>)>),
    /// Options of [`Question::Unknown`] with what each supposes.
    Unknown {
        what: String,
        options: Vec<(String, Tree<T>)>,
    },
    /// Not walked: there were too many ways.
    TooMany,
}

/// Runs that may depart from what is supposed: where so much is unknown, more of it would tell nobody anything.
const MOST_SUPPOSED: usize = 512;

/// Runs `walk` for every combination of answers, at most `limit` times, and fewer where what is unknown multiplies.
pub(super) fn explore<T>(limit: usize, mut walk: impl FnMut(&mut Choices) -> T) -> Tree<T> {
    let (mut left, mut left_supposed) = (limit, MOST_SUPPOSED);
    let mut run = |prescribed: Vec<usize>, supposed: bool| -> Run<T> {
        left = left.checked_sub(1)?;
        left_supposed = left_supposed.checked_sub(usize::from(supposed))?;
        let mut choices = Choices {
            prescribed,
            ..Choices::default()
        };
        let result = walk(&mut choices);
        Some((result, choices.asked))
    };
    subtree(&mut run, Vec::new(), false)
}

type Run<T> = Option<(T, Vec<(Question, usize)>)>;

/// The tree of all runs that begin with the answers `prescribed`; `supposed` when one of them is not what is supposed by
/// default of something unknown.
///
/// One run answers all its later questions with the default; the siblings of each of those answers are the roots of
/// the subtrees still to be walked. Going from the last question back to the first builds the tree bottom-up.
fn subtree<T>(
    run: &mut impl FnMut(Vec<usize>, bool) -> Run<T>,
    prescribed: Vec<usize>,
    supposed: bool,
) -> Tree<T> {
    let Some((result, asked)) = run(prescribed.clone(), supposed) else {
        return Tree::TooMany;
    };
    let answers: Vec<usize> = asked.iter().map(|(_, answer)| *answer).collect();
    let mut tree = Tree::Leaf(result);
    for at in (prescribed.len()..asked.len()).rev() {
        let (question, taken) = &asked[at];
        let mut walked = Some(tree);
        let mut branches = Vec::with_capacity(question.options());
        for option in 0..question.options() {
            let skipped = matches!(question, Question::Balance(shares) if shares[option] <= 0.0);
            if skipped {
                continue;
            }
            let branch = if option == *taken {
                walked.take().unwrap_or(Tree::TooMany)
            } else {
                let mut next = answers[..at].to_vec();
                next.push(option);
                let unknown = matches!(question, Question::Unknown { .. });
                subtree(run, next, supposed || unknown)
            };
            branches.push((option, branch));
        }
        tree = match question {
            Question::Balance(shares) => Tree::Balance(
                branches
                    .into_iter()
                    .map(|(option, branch)| (shares[option], branch))
                    .collect(),
            ),
            Question::Unknown { what, options } => Tree::Unknown {
                what: what.clone(),
                options: branches
                    .into_iter()
                    .map(|(option, branch)| (options[option].clone(), branch))
                    .collect(),
            },
        };
    }
    tree
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(tree: &Tree<String>, share: f64, found: &mut Vec<(String, f64)>) {
        match tree {
            Tree::Leaf(name) => found.push((name.clone(), share)),
            Tree::Balance(branches) => branches
                .iter()
                .for_each(|(part, branch)| leaves(branch, share * part, found)),
            Tree::Unknown { options, .. } => options
                .iter()
                .for_each(|(_, branch)| leaves(branch, share, found)),
            Tree::TooMany => found.push(("too many".to_owned(), share)),
        }
    }

    /// A chain of kube-proxy's shape for three endpoints: 1/3, then 1/2 of the rest, then the rest.
    #[test]
    fn walks_every_endpoint_with_its_share() {
        let tree = explore(100, |choices| {
            if choices.choose(Question::Balance(vec![1.0 / 3.0, 2.0 / 3.0])) == 0 {
                return "a".to_owned();
            }
            if choices.choose(Question::Balance(vec![0.5, 0.5])) == 0 {
                "b".to_owned()
            } else {
                "c".to_owned()
            }
        });
        let mut found = Vec::new();
        leaves(&tree, 1.0, &mut found);
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["a", "b", "c"]);
        assert!(
            found
                .iter()
                .all(|(_, share)| (share - 1.0 / 3.0).abs() < 1e-12)
        );
    }

    #[test]
    fn asks_the_same_unknown_once() {
        let mut runs = 0;
        explore(100, |choices| {
            runs += 1;
            let first = choices.suppose(
                "rule 1",
                "?".to_owned(),
                vec!["yes".to_owned(), "no".to_owned()],
            );
            assert_eq!(
                first,
                choices.suppose(
                    "rule 1",
                    "?".to_owned(),
                    vec!["yes".to_owned(), "no".to_owned()]
                )
            );
        });
        assert_eq!(runs, 2);
    }

    #[test]
    fn what_is_unknown_does_not_multiply_without_end() {
        let mut runs = 0;
        explore(1_000_000, |choices| {
            runs += 1;
            for number in 0..20 {
                let options = vec!["yes".to_owned(), "no".to_owned()];
                choices.suppose(&number.to_string(), "?".to_owned(), options);
            }
        });
        assert_eq!(runs, 1 + MOST_SUPPOSED);
        // The kernel's own choices are all walked.
        let mut runs = 0;
        explore(1_000_000, |choices| {
            runs += 1;
            choices.choose(Question::Balance(vec![1e-4; 10_000]));
        });
        assert_eq!(runs, 10_000);
    }

    #[test]
    fn stops_at_the_limit_and_says_so() {
        let tree = explore(3, |choices| {
            (0..10)
                .map(|_| {
                    choices
                        .choose(Question::Balance(vec![0.5, 0.5]))
                        .to_string()
                })
                .collect::<String>()
        });
        let mut found = Vec::new();
        leaves(&tree, 1.0, &mut found);
        assert_eq!(
            found.iter().filter(|(name, _)| name != "too many").count(),
            3
        );
        assert!((found.iter().map(|(_, share)| share).sum::<f64>() - 1.0).abs() < 1e-12);
    }
}
