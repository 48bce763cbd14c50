using System.Text;

namespace Petrel.Agent.EnvironmentVariables;

/// <summary>
/// Expands <c>$(NAME)</c> in values and commands. <c>$$</c> becomes a dollar sign. References to unknown names are left unchanged
/// (Kubernetes API reference, "Container.command").
/// </summary>
public static class VariableExpansion
{
    public static string Expand(string text, Func<string, string?> valueOf)
    {
        var result = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '$' || i + 1 == text.Length)
            {
                result.Append(text[i]);
                continue;
            }
            if (text[i + 1] == '$')
            {
                result.Append('$');
                i++;
                continue;
            }
            var end = text[i + 1] == '(' ? text.IndexOf(')', i + 2) : -1;
            if (end < 0)
            {
                result.Append('$');
                continue;
            }
            var name = text[(i + 2)..end];
            result.Append(valueOf(name) ?? text[i..(end + 1)]);
            i = end;
        }
        return result.ToString();
    }
}
