using System.CommandLine;
using Petrel.Mutants;

// Draws small wrong variants of the sources (mutants) and prints which share of them the tests find, and which ones live:
//   dotnet run --project tools/mutants -- --minutes 60
//   dotnet run --project tools/mutants -- --area Controllers --file Deployments/ --seed 7 --minutes 10
var minutes = new Option<int>("--minutes") { Description = "When to stop drawing.", DefaultValueFactory = _ => 60 };
var seed = new Option<int?>("--seed") { Description = "What is drawn (default: another draw each day)." };
var only = new Option<string?>("--area") { Description = $"One of {string.Join(", ", Area.All.Select(a => a.Name))} (default: all)." };
var file = new Option<string?>("--file") { Description = "Only files whose path contains this." };
var goal = new Option<int>("--goal")
{
    Description = "The share in percent below which the exit code is 1.",
    DefaultValueFactory = _ => 95,
};
var command = new RootCommand("Draws mutants and prints which share of them the tests find.") { minutes, seed, only, file, goal };
command.SetAction(result =>
{
    var areas = Area.All.Where(a => result.GetValue(only) is not { } name || a.Name == name).ToList();
    return new MutantDraw(
        areas,
        result.GetValue(seed) ?? DateTime.UtcNow.DayOfYear,
        TimeSpan.FromMinutes(result.GetValue(minutes)),
        result.GetValue(file) ?? "",
        result.GetValue(goal)
    ).Run();
});
return command.Parse(args).Invoke();
