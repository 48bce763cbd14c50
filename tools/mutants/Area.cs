namespace Petrel.Mutants;

/// <summary>A part of the sources that is mutated, and the suite that should notice.</summary>
/// <param name="Name">What it is called in the output.</param>
/// <param name="Folder">Its sources.</param>
/// <param name="Suite">The name in <c>tests/Petrel.NAME.Tests</c>.</param>
internal sealed record Area(string Name, string Folder, string Suite)
{
    /// <summary>Every area.</summary>
    public static IReadOnlyList<Area> All { get; } =
    [
        new("Model", "src/Petrel.Model", "Model"),
        new("Workloads", "src/Petrel.Workloads", "Workloads"),
        new("Controllers", "src/Petrel.Controllers", "Controllers"),
        new("Scheduler", "src/Petrel.Scheduler", "Scheduler"),
        new("Agent", "src/Petrel.Agent", "Agent"),
        new("Authorization", "src/Petrel.ApiServer/Authorization", "ApiServer"),
    ];

    /// <summary>The suite's project, relative to the repository.</summary>
    public string Project => $"tests/Petrel.{Suite}.Tests";

    /// <summary>The suite's program, once it is built.</summary>
    public string Program => $"{Project}/bin/Debug/net10.0/Petrel.{Suite}.Tests";
}
