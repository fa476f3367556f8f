using System.Data;
using System.Text;
using Dapper;

namespace Holdfast.Agents.Storage;

/// <summary>
/// Arguments of a statement whose texts any database can hold. What a client sends is refused before it comes here; what a model, a tool
/// or a provider says may still hold U+0000 or half a surrogate pair, and a step must not fail over it for ever: there U+FFFD stands.
/// </summary>
/// <param name="mark">What goes with a transaction's first statement.</param>
internal sealed class StorableArgs(object? args, CommitMark? mark = null) : SqlMapper.IDynamicParameters
{
    public void AddParameters(IDbCommand command, SqlMapper.Identity identity)
    {
        ((SqlMapper.IDynamicParameters)(args as DynamicParameters ?? new DynamicParameters(args))).AddParameters(command, identity);
        mark?.AddTo(command);
        foreach (IDbDataParameter parameter in command.Parameters)
        {
            if (parameter.Value is string text)
            {
                parameter.Value = Storable(text);
            }
        }
    }

    internal static string Storable(string text)
    {
        var whole = text.Contains('\0') ? text.Replace('\0', '\ufffd') : text;
        return whole.AsSpan().IndexOfAnyInRange('\ud800', '\udfff') < 0 ? whole : Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(whole));
    }
}
