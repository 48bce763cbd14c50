using System.CommandLine;
using System.Globalization;
using Petrel.LocalCluster;
using Petrel.Simulation.Plans;
using Petrel.Simulation.Runs;
using Petrel.Simulation.Scenarios;
using Petrel.Simulation.Timelines;

namespace Petrel.Cli.Commands.Simulation;

/// <summary><c>petrel sim replay FILE</c>: runs a saved plan again, and prints events as they happen.</summary>
internal static class SimReplay
{
    private const int Reproduced = 1;
    private const int Passed = 0;

    public static Command Create()
    {
        var file = new Argument<string>("file") { Description = "A file that 'petrel sim' has written." };
        var step = new Option<bool>("--step")
        {
            Description = "Stop at each event: Enter goes to the next, c goes on to the end, q quits.",
        };
        var all = new Option<bool>("--all") { Description = "Show leases, events and log lines too." };
        var from = new Option<string?>("--from") { Description = "Show what happens from this time on: seconds, or hh:mm:ss." };
        var until = new Option<string?>("--until") { Description = "Show what happens until this time." };
        var about = new Option<string?>("--object")
        {
            Description = "Show only what is about these objects: pods, pods/NAME or pods/NAMESPACE/NAME.",
        };
        var command = new Command("replay", "Run a written failure again, and step through what happens.")
        {
            file,
            step,
            all,
            from,
            until,
            about,
        };
        command.SetAction(result =>
            Replay(
                Read(result.GetValue(file)!),
                new()
                {
                    Details = result.GetValue(all),
                    From = Time("--from", result.GetValue(from)) ?? TimeSpan.Zero,
                    Until = Time("--until", result.GetValue(until)) ?? TimeSpan.MaxValue,
                    Object = result.GetValue(about),
                },
                result.GetValue(step)
            )
        );
        return command;
    }

    private static int Replay(RunPlan plan, TimelineFilter filter, bool step)
    {
        var scenario = ScenarioList.Find(plan.Scenario)
            ?? throw new UserErrorException(
                $"The file is of scenario '{plan.Scenario}', which this program does not have; 'petrel sim list' shows those that it has."
            );
        Console.WriteLine(
            $"{plan.Scenario}, seed {plan.Seed}: {plan.World.Nodes} nodes, {plan.Faults.Count} faults until {plan.FaultsEnd:c},"
                + $" {plan.Operations.Count} operations"
        );
        var stepper = new Stepper(step);
        var result = SimulationRunner.RunPlan(
            scenario,
            plan,
            new()
            {
                ViolationLines = 0,
                Timeline = entry =>
                {
                    if (!stepper.HasQuit && filter.Shows(entry))
                    {
                        Console.WriteLine(TimelineText.Of(entry));
                        stepper.Wait();
                    }
                },
            }
        );
        return Verdict(plan, result);
    }

    private static int Verdict(RunPlan plan, SimulationResult result)
    {
        var expected = plan.Finding is { } finding ? $"'{finding.Rule}'" : "a violation";
        if (result.Violation is not { } violation)
        {
            Console.WriteLine($"Not reproduced: the run passes after {result.VirtualTime:c}, and {expected} was expected.");
            return Passed;
        }
        if (plan.Finding is { } known && known.Rule != violation.Finding.Rule)
        {
            Console.WriteLine($"Not reproduced: {expected} was expected, and another rule is violated: {violation.Finding}");
            return Reproduced;
        }
        Console.WriteLine($"Reproduced: {violation.Finding}");
        return Reproduced;
    }

    private static RunPlan Read(string path)
    {
        try
        {
            return PlanFile.Read(File.ReadAllText(path));
        }
        catch (FormatException e)
        {
            throw new UserErrorException($"{path} is not a run that can be replayed: {e.Message}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"{path} can't be read: {e.Message}");
        }
    }

    private static TimeSpan? Time(string option, string? text)
    {
        if (text is null)
        {
            return null;
        }
        if (
            double.TryParse(
                text.EndsWith('s') ? text[..^1] : text,
                NumberStyles.AllowDecimalPoint,
                CultureInfo.InvariantCulture,
                out var seconds
            )
        )
        {
            return TimeSpan.FromSeconds(seconds);
        }
        return TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var time)
            ? time
            : throw new UserErrorException($"{option}: \"{text}\" is not a time like 42.5 or 00:00:42.5.");
    }

    /// <summary>Waits after each event for a line of input from a person or a program.</summary>
    private sealed class Stepper(bool steps)
    {
        private bool _steps = steps;

        public bool HasQuit { get; private set; }

        public void Wait()
        {
            if (!_steps)
            {
                return;
            }
            switch (Console.ReadLine()?.Trim())
            {
                case "":
                    return;
                case "q":
                    HasQuit = true;
                    return;
                default:
                    // "c", or the end of the input.
                    _steps = false;
                    return;
            }
        }
    }
}
