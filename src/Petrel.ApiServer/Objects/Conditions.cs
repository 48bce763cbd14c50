using System.Text.Json.Nodes;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Objects;

/// <summary>The conditions of a status (meta/v1 Condition and those of pods): a list with one entry for each type.</summary>
internal static class Conditions
{
    /// <summary>The condition of a type, or null.</summary>
    public static JsonObject? Find(JsonObject? status, string type) =>
        status.Objects("conditions").FirstOrDefault(c => c.Text("type") == type);

    /// <summary>Replaces the condition of the same type, or adds it at the end.</summary>
    public static void Set(JsonObject status, JsonObject condition)
    {
        var conditions = Ensure(status);
        if (Find(status, condition.Text("type")) is { } existing)
        {
            conditions[conditions.IndexOf(existing)] = condition;
        }
        else
        {
            conditions.Add((JsonNode)condition);
        }
    }

    /// <summary>Removes the condition of the same type, and adds the new one at the end.</summary>
    public static void MoveToEnd(JsonObject status, JsonObject condition)
    {
        if (Find(status, condition.Text("type")) is { } existing)
        {
            Ensure(status).Remove(existing);
        }
        Ensure(status).Add((JsonNode)condition);
    }

    private static JsonArray Ensure(JsonObject status)
    {
        if (status["conditions"] is not JsonArray conditions)
        {
            status["conditions"] = conditions = [];
        }
        return conditions;
    }
}
