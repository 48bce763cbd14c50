using System.Text;
using System.Text.Json;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.CustomResources;

/// <summary>
/// The JSONPath that printer columns and subresources use: members (<c>.spec.replicas</c>, <c>['a.b']</c>, <c>.a\.b</c>), places
/// (<c>[0]</c>), all (<c>[*]</c>) and equality filters (<c>[?(@.type=="Ready")]</c>).
/// </summary>
public sealed class JsonPath
{
    private readonly IReadOnlyList<Step> _steps;

    private JsonPath(IReadOnlyList<Step> steps) => _steps = steps;

    /// <summary>The names of a path of members only; null when it has other steps.</summary>
    public IReadOnlyList<string>? Members => _steps.All(s => s.Kind == StepKind.Member) ? [.. _steps.Select(s => s.Name)] : null;

    /// <exception cref="FormatException">It is not a path that is understood here.</exception>
    public static JsonPath Parse(string text)
    {
        var path = text.StartsWith('$') ? text[1..] : text;
        var steps = new List<Step>();
        for (var at = 0; at < path.Length; )
        {
            if (path[at] == '.')
            {
                at++;
                var name = new StringBuilder();
                for (; at < path.Length && path[at] is not ('.' or '['); at++)
                {
                    if (path[at] == '\\' && at + 1 < path.Length)
                    {
                        at++;
                    }
                    name.Append(path[at]);
                }
                if (name.Length == 0)
                {
                    throw new FormatException($"unexpected end of a name in JSON path {text}");
                }
                steps.Add(name.ToString() == "*" ? new(StepKind.All) : new(StepKind.Member, name.ToString()));
            }
            else if (path[at] == '[')
            {
                var end = Closing(path, at);
                steps.Add(Bracket(path[(at + 1)..end].Trim(), text));
                at = end + 1;
            }
            else
            {
                throw new FormatException($"JSON path {text} must begin with '.' or '['");
            }
        }
        return steps.Count > 0 ? new(steps) : throw new FormatException("a JSON path must not be empty");
    }

    /// <summary>The values at the path, in order.</summary>
    public IEnumerable<JsonElement> Find(JsonElement document) =>
        _steps.Aggregate<Step, IEnumerable<JsonElement>>([document], static (found, step) => found.SelectMany(step.Apply));

    private static int Closing(string path, int open)
    {
        var quote = '\0';
        for (var at = open + 1; at < path.Length; at++)
        {
            if (quote != '\0')
            {
                quote = path[at] == quote ? '\0' : quote;
            }
            else if (path[at] is '\'' or '"')
            {
                quote = path[at];
            }
            else if (path[at] == ']')
            {
                return at;
            }
        }
        throw new FormatException($"unterminated array in JSON path {path}");
    }

    private static Step Bracket(string inside, string text)
    {
        if (inside == "*")
        {
            return new(StepKind.All);
        }
        if (int.TryParse(inside, out var place))
        {
            return new(StepKind.Place, Place: place);
        }
        if (inside.Length >= 2 && inside[0] is '\'' or '"' && inside[^1] == inside[0])
        {
            return new(StepKind.Member, inside[1..^1]);
        }
        if (inside.StartsWith("?(@", StringComparison.Ordinal) && inside.EndsWith(')') && inside.Split("==") is [var left, var right])
        {
            var value = right[..^1].Trim();
            var isText = value.Length >= 2 && value[0] is '\'' or '"' && value[^1] == value[0];
            return new(StepKind.Filter, isText ? value[1..^1] : value, Inner: Parse(left[3..].Trim()));
        }
        throw new FormatException($"JSON path {text} has the step [{inside}], which is not supported");
    }

    private enum StepKind
    {
        Member,
        Place,
        All,
        Filter,
    }

    private sealed record Step(StepKind Kind, string Name = "", int Place = 0, JsonPath? Inner = null)
    {
        public IEnumerable<JsonElement> Apply(JsonElement value)
        {
            switch (Kind)
            {
                case StepKind.Member:
                    return value.ValueKind == JsonValueKind.Object && value.TryGetProperty(Name, out var member) ? [member] : [];
                case StepKind.Place:
                    var index = Place < 0 && value.ValueKind == JsonValueKind.Array ? value.GetArrayLength() + Place : Place;
                    return value.ValueKind == JsonValueKind.Array && index >= 0 && index < value.GetArrayLength() ? [value[index]] : [];
                case StepKind.All:
                    return value.ValueKind == JsonValueKind.Array ? value.EnumerateArray()
                        : value.ValueKind == JsonValueKind.Object ? value.EnumerateObject().Select(m => m.Value)
                        : [];
                default:
                    return value.ValueKind == JsonValueKind.Array
                        ? value.EnumerateArray().Where(item => Inner!.Find(item).Any(found => Scalar(found) == Name))
                        : [];
            }
        }

        private static string Scalar(JsonElement value) =>
            value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
    }
}
