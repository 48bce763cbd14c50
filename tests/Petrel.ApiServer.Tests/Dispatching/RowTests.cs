using System.Text.RegularExpressions;
using Petrel.ApiServer.Composition;

namespace Petrel.ApiServer.Tests.Dispatching;

/// <summary>Verbs and the router read rows. What is special about a kind or a subresource is in its row or in its handler.</summary>
public sealed partial class RowTests
{
    private static readonly string[] Folders = ["Verbs", "Dispatching", "Pipeline", "Requests", "Responses", "Watching", "Caching"];

    // The syntax of paths below /namespaces, and members of all documents: nothing that a row could stand for.
    private static readonly string[] Allowed = ["namespaces", "finalize", "status"];

    public static TheoryData<string> Sources =>
        [.. Folders.SelectMany(f => Directory.GetFiles(Path.Combine(Root(), "src", "Petrel.ApiServer", f), "*.cs").Select(Short))];

    [Theory]
    [MemberData(nameof(Sources))]
    public void No_source_on_the_path_of_requests_names_a_kind_or_a_resource(string source)
    {
        var names = BuiltInKinds
            .Registry.All.SelectMany(k => (string[])[k.Gvk.Kind, k.Plural, k.Singular, k.Gvk.Group])
            .Concat(SubresourceTable.Definitions.Select(s => s.Name))
            .Where(n => n.Length > 0)
            .Except(Allowed)
            .ToHashSet(StringComparer.Ordinal);
        var code = string.Join(
            '\n',
            File.ReadLines(Path.Combine(Root(), source)).Where(l => !l.TrimStart().StartsWith("//", StringComparison.Ordinal))
        );

        Assert.DoesNotContain(Literal().Matches(code).Select(m => m.Groups[1].Value), names.Contains);
        Assert.Empty(Row().Matches(code).Select(m => m.Value));
    }

    [Fact]
    public void Every_subresource_has_a_name_of_its_own_among_those_of_a_kind()
    {
        foreach (var kind in BuiltInKinds.Registry.All)
        {
            var names = BuiltInKinds.Registry.SubresourcesOf(kind).Select(s => s.Name).ToList();
            Assert.Equal(names.Distinct(), names);
        }
    }

    [Theory]
    [InlineData("GET", "/api/v1/namespaces/default/pods/p/binding", 405)]
    [InlineData("PUT", "/api/v1/namespaces/default/pods/p/log", 405)]
    [InlineData("GET", "/api/v1/namespaces/default/serviceaccounts/default/token", 405)]
    [InlineData("DELETE", "/apis/apps/v1/namespaces/default/deployments/d/scale", 405)]
    [InlineData("GET", "/api/v1/namespaces/default/finalize", 405)]
    [InlineData("GET", "/api/v1/namespaces/default/configmaps/c/status", 404)]
    [InlineData("GET", "/api/v1/namespaces/default/configmaps/c/scale", 404)]
    [InlineData("GET", "/apis/apps/v1/namespaces/default/daemonsets/d/scale", 404)]
    [InlineData("GET", "/api/v1/namespaces/default/pods/p/log/more", 404)]
    [InlineData("PUT", "/api/v1/namespaces/default/bindings", 405)]
    [InlineData("PUT", "/apis/authorization.k8s.io/v1/subjectaccessreviews", 405)]
    [InlineData("POST", "/apis/metrics.k8s.io/v1beta1/nodes", 405)]
    [InlineData("POST", "/apis/custom.metrics.k8s.io/v1beta2/namespaces/default/pods/p/m", 405)]
    public async Task What_a_row_does_not_list_is_refused(string method, string path, int status)
    {
        await using var api = await TestApi.StartAsync();

        Assert.Equal(status, (await api.SendAsync(method, path, method is "GET" or "DELETE" ? "" : "{}")).StatusCode);
    }

    private static string Short(string path) => Path.GetRelativePath(Root(), path);

    private static string Root()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Petrel.slnx")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("the tests do not run below the repository");
        }
        return folder;
    }

    [GeneratedRegex("\"([A-Za-z.0-9]+)\"")]
    private static partial Regex Literal();

    [GeneratedRegex(@"\b\w+Kinds?\.(Definition|\w+Kind)\b|\bPetrel\.ApiServer\.Kinds\.(?!Validation|Syntax)\w+")]
    private static partial Regex Row();
}
