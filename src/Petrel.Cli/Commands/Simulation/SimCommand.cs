using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Petrel.Cli.Hosting;
using Petrel.Cli.Output;
using Petrel.LocalCluster;
using Petrel.Simulation.Scenarios;

namespace Petrel.Cli.Commands.Simulation;

/// <summary><c>petrel sim</c>: simulates failures in virtual time, with one independent simulation for each seed.</summary>
internal static class SimCommand
{
    private const string AllScenarios = "all";

    // Not the current folder, so that the simulator does not leave files in a checkout.
    private static readonly string DefaultOutput = Path.Combine(Path.GetTempPath(), "petrel-sim");

    public static Command Create()
    {
        var scenario = new Option<string?>("--scenario")
        {
            Description =
                "The scenario to run, or several separated by commas, each with optional seeds of its own (NAME:1..50), or 'all'; "
                + "'petrel sim list' shows them.",
        };
        var seeds = new Option<string?>("--seeds") { Description = "A range of seeds, both ends included (default 1..100)." };
        var seed = new Option<ulong?>("--seed") { Description = "One seed." };
        var trace = new Option<bool>("--trace") { Description = "Print the history as it happens (with --seed)." };
        var forever = new Option<bool>("--forever") { Description = "Run ever more seeds, from a random one on, until Ctrl-C." };
        var lanes = new Option<int?>("--lanes") { Description = "How many seeds run at once (default: the number of processors)." };
        var shrink = new Option<int>("--shrink")
        {
            Description = "Seconds to spend on shrinking the plan of a failing run; 0 leaves it as it was drawn.",
            DefaultValueFactory = _ => 60,
        };
        var output = new Option<string?>("--out") { Description = $"The folder for the plans of failing runs (default: {DefaultOutput})." };
        var command = new Command("sim", "Rehearse failures: run the control plane, the scheduler and the agents in virtual time.")
        {
            scenario,
            seeds,
            seed,
            trace,
            forever,
            lanes,
            shrink,
            output,
            List(),
            SimReplay.Create(),
        };
        command.SetAction(result =>
        {
            var traced = result.GetValue(trace);
            var (first, last) = Range(result.GetValue(seeds), result.GetValue(seed), result.GetValue(forever));
            if (traced && first != last)
            {
                throw new UserErrorException("--trace prints one run: say which with --seed.");
            }
            var chosen = Choose(result.GetValue(scenario), first, last);
            if (traced && chosen.Count > 1)
            {
                throw new UserErrorException("--trace prints one run: say which scenario with --scenario.");
            }
            using var signals = new StopSignals();
            var runs = new SimRuns(
                new()
                {
                    Lanes = traced ? 1 : Positive("--lanes", result.GetValue(lanes)) ?? Environment.ProcessorCount,
                    Trace = traced,
                    Shrink = TimeSpan.FromSeconds(NotNegative("--shrink", result.GetValue(shrink))),
                    Output = CreateFolder(result.GetValue(output) ?? DefaultOutput),
                },
                signals.Token
            );
            return result.GetValue(forever) ? runs.RunForever([.. chosen.Select(c => c.Scenario)], first) : runs.Run(chosen);
        });
        return command;
    }

    private static Command List()
    {
        var format = CommonOptions.Output();
        var command = new Command("list", "List the scenarios.") { format };
        command.SetAction(result =>
        {
            var output = result.InvocationConfiguration.Output;
            if (result.GetValue(format) is { } structured)
            {
                var rows = ScenarioList.All.Select(s => new JsonObject { ["name"] = s.Name, ["description"] = s.Description });
                StructuredOutput.Write(output, structured, new JsonArray([.. rows]));
                return;
            }
            var width = ScenarioList.All.Max(s => s.Name.Length);
            foreach (var scenario in ScenarioList.All)
            {
                output.WriteLine($"{scenario.Name.PadRight(width)}  {scenario.Description}");
            }
        });
        return command;
    }

    private static IReadOnlyList<SeedRange> Choose(string? text, ulong first, ulong last) =>
        text switch
        {
            null => throw new UserErrorException($"--scenario: say which: {Names}, or {AllScenarios}."),
            AllScenarios => [.. ScenarioList.All.Select(s => new SeedRange(s, first, last))],
            _ => [.. text.Split(',').Select(one => ChooseOne(one.Split(':', 2), first, last))],
        };

    private static SeedRange ChooseOne(string[] parts, ulong first, ulong last)
    {
        var scenario = ScenarioList.Find(parts[0])
            ?? throw new UserErrorException($"--scenario: there is no scenario '{parts[0]}'; there are: {Names}, and {AllScenarios}.");
        (first, last) = parts.Length == 1 ? (first, last) : Parse("--scenario", parts[1]);
        return new(scenario, first, last);
    }

    private static string Names => string.Join(", ", ScenarioList.All.Select(s => s.Name));

    private static (ulong First, ulong Last) Range(string? seeds, ulong? seed, bool forever)
    {
        if (forever)
        {
            return seeds is null && seed is null
                ? ((ulong)Random.Shared.NextInt64(1L << 40), ulong.MaxValue)
                : throw new UserErrorException("--forever chooses its seeds itself: leave --seeds and --seed out.");
        }
        if (seed is { } one)
        {
            return seeds is null ? (one, one) : throw new UserErrorException("--seed and --seeds exclude each other.");
        }
        return Parse("--seeds", seeds ?? "1..100");
    }

    private static (ulong First, ulong Last) Parse(string option, string text)
    {
        var parts = text.Split("..");
        return
            parts.Length == 2
            && ulong.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var first)
            && ulong.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var last)
            && first <= last
            ? (first, last)
            : throw new UserErrorException($"{option}: \"{text}\" is not a range like 1..500.");
    }

    // Create the folder now, so that an error is reported before hours of simulation.
    private static string CreateFolder(string path)
    {
        try
        {
            return Directory.CreateDirectory(path).FullName;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"--out: the folder {path} can't be created: {e.Message}");
        }
    }

    private static int? Positive(string option, int? value) =>
        value is <= 0 ? throw new UserErrorException($"{option}: {value} is not a positive number.") : value;

    private static int NotNegative(string option, int value) =>
        value < 0 ? throw new UserErrorException($"{option}: {value} is a negative number.") : value;
}
