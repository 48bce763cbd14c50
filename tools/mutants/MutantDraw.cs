using System.Diagnostics;

namespace Petrel.Mutants;

/// <summary>Draws mutants from all areas in turn until the time is over.</summary>
internal sealed class MutantDraw(IReadOnlyList<Area> areas, int seed, TimeSpan time, string file, int goal)
{
    private readonly Random _dice = new(seed);
    private readonly List<(Area Area, Mutation Mutation, Verdict Verdict)> _judged = [];

    /// <summary>Returns the exit code: 0 when enough were found.</summary>
    public int Run()
    {
        Console.WriteLine($"seed {seed}, {time.TotalMinutes} minutes");
        var clock = Stopwatch.StartNew();
        using var tree = new ScratchTree(Environment.CurrentDirectory);
        var left = areas.ToDictionary(a => a.Name, a => SitesOf(tree, a));
        var ready = areas.Where(a => left[a.Name].Count > 0 && IsReady(tree, a)).ToList();
        for (var turn = 0; ready.Count > 0 && clock.Elapsed < time; turn++)
        {
            var area = ready[turn % ready.Count];
            var sites = left[area.Name];
            var at = _dice.Next(sites.Count);
            Judge(tree, area, sites[at]);
            sites.RemoveAt(at);
            if (sites.Count == 0)
            {
                ready.Remove(area);
            }
        }
        return Summarize();
    }

    private static bool IsReady(ScratchTree tree, Area area)
    {
        var ready = tree.Prepare(area);
        if (!ready)
        {
            Console.WriteLine($"{area.Name} is left out: {area.Project} does not pass as it is");
        }
        return ready;
    }

    private List<Mutation> SitesOf(ScratchTree tree, Area area) =>
        [
            .. Directory
                .EnumerateFiles(Path.Combine(tree.Folder, area.Folder), "*.cs", SearchOption.AllDirectories)
                .Select(path => Path.GetRelativePath(tree.Folder, path))
                .Where(path => path.Contains(file, StringComparison.Ordinal))
                .Order(StringComparer.Ordinal)
                .SelectMany(path => MutationFinder.Find(path, File.ReadAllText(Path.Combine(tree.Folder, path)))),
        ];

    private void Judge(ScratchTree tree, Area area, Mutation mutation)
    {
        var verdict = tree.Judge(area, mutation);
        if (verdict != Verdict.NotCompiled)
        {
            _judged.Add((area, mutation, verdict));
            Console.WriteLine($"{(verdict == Verdict.Found ? "found" : "LIVES")}  {mutation}");
        }
    }

    private int Summarize()
    {
        foreach (var group in _judged.GroupBy(j => j.Area.Name))
        {
            Console.WriteLine($"{group.Key}: {group.Count(j => j.Verdict == Verdict.Found)} of {group.Count()} found");
        }
        var found = _judged.Count(j => j.Verdict == Verdict.Found);
        var share = _judged.Count == 0 ? 0 : 100.0 * found / _judged.Count;
        Console.WriteLine($"all: {found} of {_judged.Count} found, {share:0.0} %; those that live:");
        foreach (var (_, mutation, _) in _judged.Where(j => j.Verdict == Verdict.Lives))
        {
            Console.WriteLine($"  {mutation}");
        }
        return share >= goal ? 0 : 1;
    }
}
