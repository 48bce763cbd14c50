using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Petrel.LocalCluster;
using Petrel.Model;
using Petrel.Model.Api;
using YamlDotNet.RepresentationModel;

namespace Petrel.Cli.Examples;

/// <summary>Applies manifests with server-side apply, as <c>kubectl apply --server-side</c> does.</summary>
internal sealed partial class ManifestApplier(IApiHandler api)
{
    private const string FieldManager = "petrel-example";

    private readonly Dictionary<string, JsonElement> _discovered = [];

    /// <summary>Applies every document of a file. Returns the applied objects.</summary>
    /// <exception cref="UserErrorException">The server rejects a document.</exception>
    public async Task<IReadOnlyList<AppliedObject>> ApplyAsync(string file, CancellationToken cancellationToken)
    {
        var applied = new List<AppliedObject>();
        foreach (var text in DocumentMark().Split(await File.ReadAllTextAsync(file, cancellationToken)))
        {
            var stream = new YamlStream();
            stream.Load(new StringReader(text));
            if (stream.Documents.Count > 0 && stream.Documents[0].RootNode is YamlMappingNode root)
            {
                applied.Add(await ApplyDocumentAsync(root, text, cancellationToken));
            }
        }
        return applied;
    }

    private async Task<AppliedObject> ApplyDocumentAsync(YamlMappingNode root, string text, CancellationToken cancellationToken)
    {
        var (apiVersion, kind) = (Text(root, "apiVersion"), Text(root, "kind"));
        var metadata = (YamlMappingNode)root["metadata"];
        var group = apiVersion.Contains('/') ? $"/apis/{apiVersion}" : $"/api/{apiVersion}";
        var resource = await ResourceOfAsync(group, kind, cancellationToken);
        var ns = metadata.Children.ContainsKey("namespace") ? Text(metadata, "namespace") : "default";
        var key = new ObjectKey(resource.Namespaced ? ns : "", Text(metadata, "name"));
        var path =
            key.Namespace.Length > 0
                ? $"{group}/namespaces/{key.Namespace}/{resource.Plural}/{key.Name}"
                : $"{group}/{resource.Plural}/{key.Name}";
        var response = await api.HandleAsync(
            new ApiRequest
            {
                Method = "PATCH",
                Path = path,
                Query = [new("fieldManager", FieldManager), new("force", "true")],
                ContentType = "application/apply-patch+yaml",
                Accept = "application/json",
                Body = Encoding.UTF8.GetBytes(text),
            },
            cancellationToken
        );
        return response.IsSuccess ? new(kind, key, path) : throw new UserErrorException($"{kind} {key} was refused: {Message(response)}");
    }

    private async Task<(string Plural, bool Namespaced)> ResourceOfAsync(string group, string kind, CancellationToken cancellationToken)
    {
        if (!_discovered.TryGetValue(group, out var list))
        {
            var request = new ApiRequest
            {
                Method = "GET",
                Path = group,
                Accept = "application/json",
            };
            var response = await api.HandleAsync(request, cancellationToken);
            if (!response.IsSuccess)
            {
                throw new UserErrorException($"The server has no API {group}: {Message(response)}");
            }
            using var document = JsonDocument.Parse(response.Body);
            _discovered[group] = list = document.RootElement.Clone();
        }
        foreach (var resource in list.GetProperty("resources").EnumerateArray())
        {
            var name = resource.GetProperty("name").GetString()!;
            if (resource.GetProperty("kind").GetString() == kind && !name.Contains('/'))
            {
                return (name, resource.GetProperty("namespaced").GetBoolean());
            }
        }
        throw new UserErrorException($"The server has no kind {kind} in {group}.");
    }

    private static string Message(ApiResponse response)
    {
        try
        {
            using var status = JsonDocument.Parse(response.Body);
            return status.RootElement.GetProperty("message").GetString()!;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException)
        {
            return $"{response.StatusCode} {response.BodyText}";
        }
    }

    private static string Text(YamlMappingNode map, string name) => ((YamlScalarNode)map[name]).Value!;

    [GeneratedRegex(@"^---[ \t]*$", RegexOptions.Multiline)]
    private static partial Regex DocumentMark();
}

/// <summary>An applied object and its API path.</summary>
internal sealed record AppliedObject(string Kind, ObjectKey Key, string Path);
