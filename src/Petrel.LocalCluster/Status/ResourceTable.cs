using System.Text.Json;
using Petrel.Model.Api;

namespace Petrel.LocalCluster.Status;

/// <summary>A table as the API server prints it (meta.k8s.io/v1 Table), reduced to its default columns.</summary>
public sealed record ResourceTable(IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<string>> Rows)
{
    private const string AsTable = "application/json;as=Table;v=v1;g=meta.k8s.io";

    /// <summary>Requests a collection as a table.</summary>
    /// <exception cref="IOException">The server can't be reached, or rejected the request.</exception>
    public static async Task<ResourceTable> ReadAsync(IApiHandler api, string path, bool allNamespaces, CancellationToken cancellationToken)
    {
        var response = await api.HandleAsync(
            new ApiRequest
            {
                Method = "GET",
                Path = path,
                Accept = AsTable,
            },
            cancellationToken
        );
        if (!response.IsSuccess)
        {
            throw new IOException($"GET {path}: {response.StatusCode} {response.BodyText}");
        }
        using var document = JsonDocument.Parse(response.Body);
        var columns = document
            .RootElement.GetProperty("columnDefinitions")
            .EnumerateArray()
            .Select((column, index) => (Index: index, Name: column.GetProperty("name").GetString()!, Priority: Number(column, "priority")))
            .Where(column => column.Priority == 0)
            .ToList();
        var rows = new List<IReadOnlyList<string>>();
        foreach (var row in document.RootElement.GetProperty("rows").EnumerateArray())
        {
            var cells = row.GetProperty("cells");
            IEnumerable<string> values = columns.Select(column => Text(cells[column.Index]));
            rows.Add((allNamespaces ? values.Prepend(NamespaceOf(row)) : values).ToList());
        }
        var names = columns.Select(column => column.Name);
        return new((allNamespaces ? names.Prepend("Namespace") : names).ToList(), rows);
    }

    private static int Number(JsonElement element, string name) => element.TryGetProperty(name, out var value) ? value.GetInt32() : 0;

    private static string NamespaceOf(JsonElement row) =>
        row.GetProperty("object").GetProperty("metadata").TryGetProperty("namespace", out var value) ? value.GetString()! : "";

    private static string Text(JsonElement cell) =>
        cell.ValueKind switch
        {
            JsonValueKind.String => cell.GetString()!,
            JsonValueKind.Null => "",
            _ => cell.GetRawText(),
        };
}
