namespace Petrel.Architecture.Tests;

/// <summary>Inside a project the rooms form no circle: each can be read, tested and moved without the ones that use it.</summary>
public sealed class NamespaceTests
{
    public static TheoryData<string> Projects => [.. Repository.Projects];

    [Theory]
    [MemberData(nameof(Projects))]
    public void Namespaces_form_no_cycle(string project)
    {
        var graph = NamespaceGraph.Read(AssemblyPath(project));

        var cycles = graph.Cycles().Select(group => $"{group.Count} namespaces in a cycle:\n{string.Join('\n', graph.Describe(group))}");

        Assert.True(!cycles.Any(), string.Join('\n', cycles));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_files_namespace_is_its_folder(string project)
    {
        var strangers =
            from path in Repository.Files(Path.Combine("src", project), "*.cs")
            let folder = Path.GetRelativePath(Path.Combine(Repository.Root, "src"), Path.GetDirectoryName(path)!).Replace('/', '.')
            let declared = File.ReadLines(path).FirstOrDefault(l => l.StartsWith("namespace ", StringComparison.Ordinal))
            where declared is not null && declared != $"namespace {folder};"
            select $"{Repository.Short(path)}: {declared}";

        Assert.Empty(strangers);
    }

    private static string AssemblyPath(string project) =>
        Path.Combine(AppContext.BaseDirectory, (project == "Petrel.Cli" ? "petrel" : project) + ".dll");
}
