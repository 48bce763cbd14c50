using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Petrel.Agent.Runtimes.Local;

/// <summary>One directory per sandbox or container, named by its id. It contains a record file that is replaced atomically.</summary>
internal sealed class RecordFiles<T>(string directory, JsonTypeInfo<T> type)
    where T : class
{
    private const string Name = "record.json";

    public string DirectoryOf(string id) => Path.Combine(directory, id);

    public void Save(string id, T record)
    {
        var folder = DirectoryOf(id);
        Directory.CreateDirectory(folder);
        var file = Path.Combine(folder, Name);
        File.WriteAllBytes(file + ".new", JsonSerializer.SerializeToUtf8Bytes(record, type));
        File.Move(file + ".new", file, overwrite: true);
    }

    /// <summary>Loads all records. A crash can leave directories without a record: their names are returned as broken.</summary>
    public (List<T> Records, List<string> Broken) Load()
    {
        Directory.CreateDirectory(directory);
        var records = new List<T>();
        var broken = new List<string>();
        foreach (var folder in Directory.EnumerateDirectories(directory).Order(StringComparer.Ordinal))
        {
            var file = Path.Combine(folder, Name);
            if (Read(file) is { } record)
            {
                records.Add(record);
            }
            else
            {
                broken.Add(Path.GetFileName(folder));
            }
        }
        return (records, broken);
    }

    // A power cut may leave a record that is empty or cut off.
    private T? Read(string file)
    {
        try
        {
            return File.Exists(file) ? JsonSerializer.Deserialize(File.ReadAllBytes(file), type) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
